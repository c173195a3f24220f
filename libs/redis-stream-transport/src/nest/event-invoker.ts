import type { MessageHandler } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/delivery.js';
import type { RedisStreamsContext } from './redis-streams.context.js';
import { isStream } from './follow-stream.js';
import { streamEnd } from './reply-stream.js';
import { DeadLetter, RetryLater } from './retry-later.js';
import { thrownText } from '../thrown.js';

/**
 * Runs the handlers of an event, all of them, and acknowledges it when all have succeeded. When some
 * fail, the next attempt in this process runs only those; which have succeeded travels in the state of
 * the attempt. After a take-over that state is known too, unless it was never written.
 */
export async function invokeEvent(
  delivery: Delivery,
  context: RedisStreamsContext,
  data: unknown,
  handlers: readonly MessageHandler[],
  complain: (error: unknown) => void,
): Promise<void> {
  const done = succeededBefore(delivery.history.state);
  const failures: unknown[] = [];
  const run = async (handler: MessageHandler, i: number): Promise<void> => {
    if (done.has(i)) return;
    try {
      const result: unknown = await handler(data, context);
      if (isStream(result)) await streamEnd(delivery, result);
      done.add(i);
    } catch (error) {
      failures.push(error);
      if (!RetryLater.is(error) && !DeadLetter.is(error)) complain(error);
    }
  };
  // Most events have one handler, and need nobody to wait for several.
  if (handlers.length === 1) await run(handlers[0] as MessageHandler, 0);
  else await Promise.all(handlers.map(run));
  if (failures.length === 0) {
    delivery.acknowledge();
    return;
  }
  const letter = failures.find((failure) => DeadLetter.is(failure));
  if (letter !== undefined) {
    delivery.deadLetter('handler', thrownText(letter));
    return;
  }
  delivery.retry({
    delay: shortestDelay(failures),
    state: [...done].join(','),
    detail: thrownText(failures[0]),
    error: undefined,
  });
}

/** Indexes of the handlers that an earlier attempt has noted. An empty part is none: it would read as 0. */
function succeededBefore(state: string): Set<number> {
  if (state === '') return new Set();
  return new Set(state.split(',').flatMap((part) => (part === '' ? [] : Number(part))));
}

/** What the handlers asked for, if any did. */
function shortestDelay(failures: readonly unknown[]): number | undefined {
  let shortest: number | undefined;
  for (const failure of failures) {
    if (!RetryLater.is(failure) || failure.delayMs === undefined) continue;
    if (shortest === undefined || failure.delayMs < shortest) shortest = failure.delayMs;
  }
  return shortest;
}
