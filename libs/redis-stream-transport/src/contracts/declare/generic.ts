import { GenericSpec, type DtoClass, type FieldSpec } from './type-spec.js';

/**
 * Names a generic class with the types of the fields that depend on its arguments, of which nothing is left
 * at run time. Its own rules hold besides.
 *
 * @example
 * list(@Arg(() => generic(Page, { items: [FileDto] })) page: Page<FileDto>)
 */
export function generic<T extends object>(
  base: DtoClass<T>,
  fields: { readonly [K in keyof T & string]?: FieldSpec },
): GenericSpec<T> {
  return new GenericSpec(base, fields as Readonly<Record<string, FieldSpec>>);
}
