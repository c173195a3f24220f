import { markMethod } from './marks.js';
import type { MethodKind } from './definition.js';
import type { StandardSchema } from './standard-schema.js';
import type { DtoClass, GenericSpec, PlainClass, TypeSpec } from './type-spec.js';

declare const COMMAND: unique symbol;
declare const EVENT: unique symbol;
declare const STREAMED: unique symbol;

/** Return type of a method that is called and answered; clients get a `Promise<T>`. */
export interface Command<T = void> {
  readonly [COMMAND]: T;
}

/** Return type of a method that is called and not answered; clients get a `Promise<void>`. */
export interface Event {
  readonly [EVENT]: true;
}

/** Return type of a method that answers with many values; clients get a `StreamedReply<T>`. */
export interface Streamed<T> {
  readonly [STREAMED]: T;
}

export interface EventOptions {
  /** What the method does, for descriptions. Default: nothing. */
  readonly doc?: string;
  /**
   * How many of its parameters may be left out, those with a default included; the compiler insists on it,
   * because `?` leaves no trace at run time. Default: 0.
   */
  readonly optional?: number;
  /**
   * The type of one argument of its rest parameter, as in `@Arg()`, which some compilers do not take there.
   * Default: any.
   */
  readonly rest?: () => TypeSpec;
}

export interface ReplyOptions extends EventOptions {
  /** The class of the result, or of one streamed value; clients get instances of it. Default: as parsed. */
  readonly returns?: () => TypeSpec;
  /**
   * Whether the service checks the result, or each streamed value, against `returns` before it is sent. One
   * that does not fit is a fault of the service: its caller gets an error with the code INVALID_RESULT, and
   * never the value. `null` and `undefined` do not fit a class. Default: false.
   */
  readonly validateResult?: boolean;
}

type Method = (...args: never[]) => unknown;
type Count<A extends readonly unknown[], N extends 1[] = []> = A extends readonly [
  unknown,
  ...infer Rest,
]
  ? Count<Rest, [...N, 1]>
  : N['length'];

/** How many parameters may be left out, a rest parameter not counted. */
type OptionalOf<A extends readonly unknown[]> = A extends readonly [unknown, ...infer Rest]
  ? OptionalOf<Rest>
  : Count<Required<A>>;

type Told<O> = O extends { readonly optional: infer N } ? N : 0;

/** Nothing if the decorator tells the number of optional parameters; else what it should say. */
type Counted<M extends Method, O> =
  OptionalOf<Parameters<M>> extends Told<O>
    ? unknown
    : { readonly 'say in the decorator': { readonly optional: OptionalOf<Parameters<M>> } };

/** What a named type makes at run time; unknown where its class does not tell. */
type Made<O> = O extends { readonly returns: () => infer Spec }
  ? Spec extends PlainClass | StandardSchema | GenericSpec
    ? unknown
    : Spec extends readonly (infer Item)[]
      ? Item extends PlainClass | StandardSchema | GenericSpec
        ? unknown
        : Item extends DtoClass<infer T>
          ? T[]
          : unknown
      : Spec extends DtoClass<infer T>
        ? T
        : unknown
  : unknown;

/** Nothing if `returns` makes what the method promises. */
type Returned<T, O> =
  unknown extends Made<O>
    ? unknown
    : Made<O> extends T
      ? unknown
      : { readonly 'the class in "returns" makes': Made<O> };

type Checked<M extends Method, O> = Counted<M, O> &
  (ReturnType<M> extends Command<infer T> | Streamed<infer T> ? Returned<T, O> : unknown);

type MarkOf<R, O> = <M extends (...args: never[]) => R>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<M> & Checked<M, O>,
) => void;

/** Lets a method be called: its handler answers once. A method without a decorator cannot be called. */
export function Command<const O extends ReplyOptions = ReplyOptions>(
  options?: O,
): MarkOf<Command<unknown>, O> {
  return mark('command', options);
}

/** Lets a method be called without an answer: its handlers may run later, and the caller does not wait. */
export function Event<const O extends EventOptions = EventOptions>(options?: O): MarkOf<Event, O> {
  return mark('event', options);
}

/** Lets a method be called: its handler answers with any number of values, in order. */
export function Streamed<const O extends ReplyOptions = ReplyOptions>(
  options?: O,
): MarkOf<Streamed<unknown>, O> {
  return mark('streamed', options);
}

function mark(kind: MethodKind, options: ReplyOptions = {}) {
  return (target: object, key: string): void => {
    const { doc, optional = 0, rest, returns, validateResult = false } = options;
    markMethod(target, key, { kind, doc, optional, rest, returns, validateResult });
  };
}
