import { GenericSpec, type DtoClass, type FieldSpec } from './type-spec.js';

/**
 * Names a generic class with the types of the fields that depend on its arguments: of these the compiler leaves
 * nothing at run time. The rules of the class itself hold as well.
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
