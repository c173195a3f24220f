import { property } from '../thrown.js';

const FINAL = Symbol.for('nestjs-redis-streams.final');

/**
 * Whether an error says of itself that no further attempt can end otherwise, such as arguments that are
 * not valid. It is told to the caller at once, whatever the handler's retry policy says.
 */
export function isFinal(error: unknown): boolean {
  return property(error, FINAL) === true;
}
