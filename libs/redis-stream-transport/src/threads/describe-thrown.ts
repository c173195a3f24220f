import { isA, property, thrownName, thrownText } from '../thrown.js';
import type { ThrownError, ThrownInThread } from './messages.js';

// The marks of the classes, which are not imported: they import Nest.
const RETRY_LATER = Symbol.for('nestjs-redis-streams.retry-later');
const DEAD_LETTER = Symbol.for('nestjs-redis-streams.dead-letter');
const FINAL = Symbol.for('nestjs-redis-streams.final');

/** What was thrown, as it can be copied to the thread of the server. Never throws. */
export function describeThrown(thrown: unknown): ThrownInThread {
  if (property(thrown, RETRY_LATER) === true) {
    const delay = property(thrown, 'delayMs');
    const delayMs = typeof delay === 'number' ? delay : undefined;
    return { kind: 'retry-later', delayMs, error: errorOf(thrown) };
  }
  if (property(thrown, DEAD_LETTER) === true)
    return { kind: 'dead-letter', error: errorOf(thrown) };
  const status = called(thrown, 'getStatus');
  const response = called(thrown, 'getResponse');
  if (typeof status === 'number' && isCopied(response)) return { kind: 'http', response, status };
  const held = called(thrown, 'getError');
  if (held !== undefined && isCopied(held)) return { kind: 'rpc', held };
  if (isA(thrown, Error)) return { kind: 'error', error: errorOf(thrown) };
  return { kind: 'value', value: isCopied(thrown) ? thrown : thrownText(thrown) };
}

function errorOf(thrown: unknown): ThrownError {
  const stack = property(thrown, 'stack');
  return {
    name: thrownName(thrown),
    message: messageOf(thrown),
    stack: typeof stack === 'string' ? stack : undefined,
    properties: propertiesOf(thrown),
    final: property(thrown, FINAL) === true,
  };
}

function messageOf(thrown: unknown): string {
  const message = property(thrown, 'message');
  return typeof message === 'string' ? message : thrownText(thrown);
}

function propertiesOf(thrown: unknown): Record<string, unknown> {
  try {
    return Object.fromEntries(
      Object.keys(thrown as object).flatMap((name) => {
        const value = property(thrown, name);
        return isCopied(value) ? [[name, value]] : [];
      }),
    );
  } catch {
    return {};
  }
}

/** What a method without parameters returns; undefined if there is none, or it throws. */
function called(thrown: unknown, method: string): unknown {
  const found = property(thrown, method);
  if (typeof found !== 'function') return undefined;
  try {
    return Reflect.apply(found, thrown, []) as unknown;
  } catch {
    return undefined;
  }
}

function isCopied(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
