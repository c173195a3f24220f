import type { ArgumentsHost } from '@nestjs/common';
import { property, type Thrown } from '../thrown.js';
import { RedisStreamsBatchContext } from './redis-streams-batch.context.js';
import { RedisStreamsContext } from './redis-streams.context.js';
import { DeadLetter, RetryLater } from './retry-later.js';

/** Property of an error that was made for the caller out of another one; holds that other one. */
export const ORIGINAL = Symbol.for('nestjs-redis-streams.original');

type Handle = (
  this: unknown,
  exception: unknown,
  host: ArgumentsHost,
  ...more: unknown[]
) => unknown;

/** What reached the filters, or would have, by the context of the run that it ended. */
const seen = new WeakMap<RedisStreamsContext, Thrown>();

let watching: Promise<boolean> | undefined;

/**
 * Nest's exception filters replace what was thrown, mostly by "Internal server error", before a transport
 * sees it. After this call the process notes what they are given in runs of this transport, and changes nothing
 * about it. It costs nothing until something fails.
 * @returns false if this copy of Nest has no such filters; then only what they make of an error is known
 */
export function watchFilters(): Promise<boolean> {
  return (watching ??= watch());
}

async function watch(): Promise<boolean> {
  try {
    // Not part of Nest's public API: another version may have it elsewhere.
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
    if (context instanceof RedisStreamsContext) noteThrown(context, exception);
    if (context instanceof RedisStreamsBatchContext)
      for (const each of context.contexts) noteThrown(each, exception);
  } catch {
    // Taking a note must never change what Nest does.
  }
}

/** Notes what a run failed with, where its caller is told something else. */
export function noteThrown(context: RedisStreamsContext, thrown: unknown): void {
  seen.set(context, { value: thrown });
}

/**
 * What a run failed with, before filters and contracts made something else of it for the caller.
 * @param told what the handler, as Nest has wrapped it, threw
 */
export function originalOf(context: RedisStreamsContext, told: unknown): unknown {
  const noted = seen.get(context);
  const reached = noted === undefined ? told : noted.value;
  const original = property(reached, ORIGINAL);
  return original === undefined ? reached : original;
}

/** What a dead letter keeps of it. An instruction is no error: of it the cause is kept, if it has one. */
export function keptOf(original: unknown): Thrown | undefined {
  if (!RetryLater.is(original) && !DeadLetter.is(original)) return { value: original };
  const cause = property(original, 'cause');
  return cause === undefined ? undefined : { value: cause };
}
