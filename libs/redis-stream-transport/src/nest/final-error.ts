import { RpcException } from '@nestjs/microservices';
import { isA, property } from '../thrown.js';

/** Marks an error as final: every further attempt would fail too. */
export const FINAL = Symbol.for('nestjs-redis-streams.final');

/** Statuses that say of a message that it is not valid. */
const INVALID: ReadonlySet<unknown> = new Set([400, 422]);
/** Violations of a list that are looked at; it may have any length. */
const LOOKED_AT = 100;

/**
 * Whether an error says that the message is not valid, so that every further attempt would fail too. It is
 * marked as final, as violations of a contract are; it is one of Nest's exceptions with the status 400 or 422, as
 * a `ValidationPipe` throws them; it is a list of class-validator's violations; or it is an `RpcException` of one
 * of these, or of their response.
 */
export function isFinal(error: unknown): boolean {
  if (property(error, FINAL) === true) return true;
  if (!isA(error, RpcException)) return isInvalid(error);
  const said = property(error, 'error');
  return isInvalid(said) || INVALID.has(property(said, 'statusCode'));
}

function isInvalid(error: unknown): boolean {
  return INVALID.has(statusOf(error)) || isViolations(error);
}

/** Not asked by the class: there may be two copies of Nest in a process. */
function statusOf(error: unknown): unknown {
  const [status, response] = [property(error, 'getStatus'), property(error, 'getResponse')];
  if (typeof status !== 'function' || typeof response !== 'function') return undefined;
  try {
    return Reflect.apply(status, error, []) as unknown;
  } catch {
    return undefined;
  }
}

/** Even `Array.isArray` may throw: for a proxy that was revoked. */
function isViolations(error: unknown): boolean {
  try {
    return Array.isArray(error) && areViolations(error);
  } catch {
    return false;
  }
}

function areViolations(list: readonly unknown[]): boolean {
  if (list.length === 0) return false;
  return list.slice(0, LOOKED_AT).every((one) => {
    const constraints = property(one, 'constraints');
    const broken = typeof constraints === 'object' && constraints !== null;
    return (
      typeof property(one, 'property') === 'string' &&
      (broken || Array.isArray(property(one, 'children')))
    );
  });
}
