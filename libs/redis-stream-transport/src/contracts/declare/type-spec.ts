import type { StandardSchema } from './standard-schema.js';

/** A class that can be made without arguments, as class-transformer makes its instances. */
export type DtoClass<T extends object = object> = new () => T;

/** What can be checked without a validator, by the constructor that stands for it. */
export type PlainClass =
  | StringConstructor
  | NumberConstructor
  | BooleanConstructor
  | BigIntConstructor
  | DateConstructor
  | BufferConstructor
  | MapConstructor
  | SetConstructor
  | ArrayConstructor;

export type ItemSpec = PlainClass | DtoClass | StandardSchema | GenericSpec;

/** The type of a field of a generic class. */
export type FieldSpec = ItemSpec | readonly ItemSpec[];

/** A type named at run time: a class, a schema, or one of them in brackets for an array of it. */
export type TypeSpec = FieldSpec;

/** A generic class with its arguments, given field by field. */
export class GenericSpec<T extends object = object> {
  constructor(
    readonly base: DtoClass<T>,
    readonly fields: Readonly<Record<string, FieldSpec>>,
  ) {}
}
