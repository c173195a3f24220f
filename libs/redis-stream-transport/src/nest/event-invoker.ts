import type { MessageHandler } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { Failure } from './failure.js';
import type { RedisStreamsContext } from './redis-streams.context.js';
import { isStream } from './follow-stream.js';
import { streamEnd } from './reply-stream.js';
import { DeadLetter, RetryLater } from './retry-later.js';

export interface EventSettings {
  /** One more context of the delivery, for a handler beside the first one. */
  another(this: void, delivery: Delivery, context: RedisStreamsContext): RedisStreamsContext;
  complain(this: void, delivery: Delivery, message: string): void;
}

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
  settings: EventSettings,
): Promise<void> {
  const done = succeededBefore(delivery.history.state);
  const failures: Failure[] = [];
  const run = async (handler: MessageHandler, i: number): Promise<void> => {
    if (done.has(i)) return;
    // By its context a run is told from those beside it, when something is thrown.
    const own = i === 0 ? context : settings.another(delivery, context);
    try {
      const result: unknown = await handler(data, own);
      if (isStream(result)) await streamEnd(delivery, result);
      done.add(i);
    } catch (error) {
      failures.push(new Failure(own, error));
    }
  };
  // Most events have one handler, and need nobody to wait for several.
  if (handlers.length === 1) await run(handlers[0] as MessageHandler, 0);
  else await Promise.all(handlers.map(run));
  const [first] = failures;
  if (first === undefined) delivery.acknowledge();
  else end(delivery, first, failures, [...done].join(','), settings);
}

/** The entry goes on, or becomes a dead letter, as the first of its failures says that has something to say. */
function end(
  delivery: Delivery,
  first: Failure,
  failures: readonly Failure[],
  state: string,
  settings: EventSettings,
): void {
  const asked = failures.find(({ told }) => DeadLetter.is(told));
  if (asked !== undefined) {
    delivery.deadLetter('handler', asked.detail, asked.kept);
    return;
  }
  const policy = delivery.pattern.spec.retry ?? NO_POLICY;
  const complain = (line: string): void => settings.complain(delivery, line);
  const again = failures.find((one) => RetryLater.is(one.told) || !one.isFinal(policy, complain));
  const { detail, kept } = again ?? first;
  if (again === undefined) delivery.deadLetter('final', detail, kept);
  else
    delivery.retry({
      delay: shortestDelay(failures),
      state,
      detail,
      error: undefined,
      thrown: kept,
    });
}

const NO_POLICY = {};

/** Indexes of the handlers that an earlier attempt has noted. An empty part is none: it would read as 0. */
function succeededBefore(state: string): Set<number> {
  if (state === '') return new Set();
  return new Set(state.split(',').flatMap((part) => (part === '' ? [] : Number(part))));
}

/** What the handlers asked for, if any did. */
function shortestDelay(failures: readonly Failure[]): number | undefined {
  let shortest: number | undefined;
  for (const { told } of failures) {
    if (!RetryLater.is(told) || told.delayMs === undefined) continue;
    if (shortest === undefined || told.delayMs < shortest) shortest = told.delayMs;
  }
  return shortest;
}
