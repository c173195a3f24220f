import type { ArgumentsHost } from '@nestjs/common';
import { property, type Thrown } from '../thrown.js';
import { RedisStreamsContext } from './redis-streams.context.js';
import { DeadLetter, RetryLater } from './retry-later.js';

/** Stands on an error that was made of another one for the caller's sake, and holds that other one. */
export const ORIGINAL = Symbol.for('nestjs-redis-streams.original');

type Handle = (
  this: unknown,
  exception: unknown,
  host: ArgumentsHost,
  ...more: unknown[]
) => unknown;

/** What reached the filters, by the context of the run that it ended. */
const seen = new WeakMap<RedisStreamsContext, Thrown>();

let watching: Promise<boolean> | undefined;

/**
 * Nest's exception filters replace what was thrown, mostly by "Internal server error", before a transport
 * sees it. From here on this process notes what they are given in runs of ours, and changes nothing about
 * it. It costs nothing until something fails.
 * @returns whether this copy of Nest lets it; otherwise all there is is what the filters make of an error
 */
export function watchFilters(): Promise<boolean> {
  return (watching ??= watch());
}

async function watch(): Promise<boolean> {
  try {
    // Not among what Nest promises, so it may be elsewhere in another version.
    const filtering = await import('@nestjs/microservices/exceptions/rpc-exceptions-handler.js');
    const prototype = filtering.RpcExceptionsHandler.prototype as unknown as { handle: Handle };
    const { handle } = prototype;
    if (typeof handle !== 'function') return false;
    prototype.handle = function (exception, host, ...more) {
      note(exception, host);
      return handle.call(this, exception, host, ...more);
    };
    return true;
  } catch {
    return false;
  }
}

function note(exception: unknown, host: ArgumentsHost): void {
  try {
    const context: unknown = host.getArgByIndex(1);
    if (context instanceof RedisStreamsContext) seen.set(context, { value: exception });
  } catch {
    // Whatever it was given, Nest goes on as if nobody had looked.
  }
}

/**
 * What a run failed with before Nest's filters, and what others made of it for its caller.
 * @param told what the handler, as Nest has wrapped it, threw
 */
export function originalOf(context: RedisStreamsContext, told: unknown): unknown {
  const noted = seen.get(context);
  const reached = noted === undefined ? told : noted.value;
  const original = property(reached, ORIGINAL);
  return original === undefined ? reached : original;
}

/** What a dead letter should tell of it. An instruction is no error; it may have a cause. */
export function keptOf(original: unknown): Thrown | undefined {
  if (!RetryLater.is(original) && !DeadLetter.is(original)) return { value: original };
  const cause = property(original, 'cause');
  return cause === undefined ? undefined : { value: cause };
}
