/** What a declaring body ends with: the arguments as JavaScript sees them, defaults filled in. */
class Declared extends Error {
  constructor(readonly passed: readonly unknown[]) {
    super(
      'This method is only declared: call it on a contractClient(), or on what @InjectContract injects.',
    );
  }
}

/**
 * The body of every method of a contract: `return remote(file, mode)`, with all parameters in their
 * order. It sends nothing. It tells the contract its parameters, their defaults and whether the last one is a rest
 * parameter, which JavaScript does not show otherwise.
 *
 * @throws Error always: a contract's own methods cannot be called.
 */
export function remote(...parameters: readonly unknown[]): never {
  throw new Declared(parameters);
}

export type Declaration = (...args: never[]) => unknown;

/** What a body tells of its parameters. */
export interface Signature {
  /** Parameters before the rest parameter. */
  readonly fixed: number;
  readonly rest: boolean;
  /** Which of the fixed ones have a default. */
  readonly defaults: readonly number[];
}

/**
 * The arguments with defaults in the place of those that are undefined.
 * @returns undefined if the body does not end with `remote(...)`
 */
export function fillDefaults(
  body: Declaration,
  args: readonly unknown[],
): readonly unknown[] | undefined {
  try {
    const result: unknown = Reflect.apply(body, undefined, args);
    // An asynchronous body is a mistake that is reported elsewhere.
    if (result instanceof Promise) result.catch(() => undefined);
  } catch (error) {
    if (error instanceof Declared) return error.passed;
  }
  return undefined;
}

/** Reads a body. @returns undefined if it does not pass its parameters on to `remote`, in order */
export function readSignature(body: Declaration): Signature | undefined {
  const bare = fillDefaults(body, []);
  if (bare === undefined) return undefined;
  // One argument more than there are fixed parameters shows whether there is a rest parameter.
  const marks = Array.from({ length: bare.length + 1 }, (_, i) => ({ i }));
  const passed = fillDefaults(body, marks);
  if (passed === undefined || passed.length < bare.length) return undefined;
  if (passed.some((value, i) => value !== marks[i])) return undefined;
  return {
    fixed: bare.length,
    rest: passed.length > bare.length,
    defaults: bare.flatMap((value, i) => (value === undefined ? [] : [i])),
  };
}
