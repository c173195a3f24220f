/** Characters that are kept of a text about something thrown. */
const MAX_TEXT = 1024;
/** Characters that are kept of a stack, those of its causes included. */
const MAX_STACK = 4096;
/** Characters that are kept of a name or code. */
const MAX_NAME = 128;
/** Causes that are followed. */
const MAX_CAUSES = 4;

/** What is known of something thrown, for operators: a stack may hold secrets. */
export interface ThrownFacts {
  /** Of the error or its class; for what is no error its type. At most 128 characters. */
  readonly name: string;
  /** At most 1,024 characters. */
  readonly message: string;
  /** At most 128 characters; undefined where there is none. */
  readonly code: string | undefined;
  /** With those of its causes, at most 4,096 characters; undefined where there is none. */
  readonly stack: string | undefined;
}

/** Something thrown, which may be undefined. */
export interface Thrown {
  readonly value: unknown;
}

/**
 * What user code threw or rejected with, in at most 1,024 characters. It may be anything: undefined, an
 * object without prototype, one whose getters throw. Never throws.
 */
export function thrownText(thrown: unknown): string {
  return textOf(thrown).slice(0, MAX_TEXT);
}

/** The same, for places that want an error: what was thrown if it is a readable one, else one about it. */
export function thrownError(thrown: unknown): Error {
  if (isA(thrown, Error) && typeof property(thrown, 'message') === 'string') return thrown;
  return new Error(thrownText(thrown));
}

/** What a log line says of it: its stack, or its text where there is none. Never throws. */
export function thrownStory(thrown: unknown): string {
  return stackOf(thrown, 0).slice(0, MAX_STACK) || thrownText(thrown);
}

/** All that a dead letter keeps of it. Never throws. */
export function thrownFacts(thrown: unknown): ThrownFacts {
  const code = property(thrown, 'code');
  const stack = stackOf(thrown, 0);
  return {
    name: thrownName(thrown).slice(0, MAX_NAME),
    message: thrownText(thrown),
    code:
      typeof code === 'string' || typeof code === 'number'
        ? String(code).slice(0, MAX_NAME)
        : undefined,
    stack: stack === '' ? undefined : stack.slice(0, MAX_STACK),
  };
}

/** `instanceof`, but false where even asking throws. */
export function isA<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** A property of anything; undefined where there is none or reading it throws. */
export function property(of: unknown, name: PropertyKey): unknown {
  if (!isReference(of)) return undefined;
  try {
    return Reflect.get(of, name);
  } catch {
    return undefined;
  }
}

function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown === '' ? 'an empty text' : thrown;
  if (!isReference(thrown)) return String(thrown);
  const message = property(thrown, 'message');
  const told = typeof message === 'string' && message !== '' ? message : undefined;
  if (isA(thrown, Error)) return told ?? thrownName(thrown);
  // What is no error may say more than its message.
  return jsonOf(thrown) ?? told ?? thrownName(thrown);
}

function jsonOf(thrown: object): string | undefined {
  try {
    const text = JSON.stringify(thrown) as string | undefined;
    return text === '{}' ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The name that was set, or that of the class: few classes set one. */
export function thrownName(thrown: unknown): string {
  if (!isReference(thrown)) return thrown === null ? 'null' : typeof thrown;
  const name = property(thrown, 'name');
  if (typeof name === 'string' && name !== '' && name !== 'Error') return name;
  const type = property(property(thrown, 'constructor'), 'name');
  return typeof type === 'string' && type !== '' ? type : typeof thrown;
}

function stackOf(thrown: unknown, depth: number): string {
  const stack = property(thrown, 'stack');
  if (typeof stack !== 'string') return '';
  const own = stack.slice(0, MAX_STACK);
  const cause = depth < MAX_CAUSES ? property(thrown, 'cause') : undefined;
  if (cause === undefined) return own;
  return `${own}\ncaused by: ${stackOf(cause, depth + 1) || thrownText(cause)}`;
}

function isReference(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
