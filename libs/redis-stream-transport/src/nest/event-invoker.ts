import type { MessageHandler } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { RunWatch } from '../engine/consumer/run/run-watch.js';
import { FailedRun } from './failed-run.js';
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
 * Runs all handlers of an event, and acknowledges it when all have succeeded. When some fail, the next attempt
 * runs only those: the indexes of the others travel in the state of the attempt. The state survives a take-over
 * if it was written to Redis before.
 */
export class EventInvoker {
  constructor(private readonly settings: EventSettings) {}

  /** Resolves when the delivery has ended. */
  invoke(
    delivery: Delivery,
    context: RedisStreamsContext,
    data: unknown,
    handlers: readonly MessageHandler[],
  ): Promise<void> {
    // Most events have one handler and come for the first time: they need no lists and no further promises.
    return handlers.length === 1 && delivery.history.state === ''
      ? this.runOne(delivery, context, data, handlers[0] as MessageHandler)
      : this.runAll(delivery, context, data, handlers);
  }

  private async runOne(
    delivery: Delivery,
    context: RedisStreamsContext,
    data: unknown,
    handler: MessageHandler,
  ): Promise<void> {
    let failures = NONE;
    try {
      const result: unknown = await handler(data, context);
      if (isStream(result)) await streamEnd(delivery, result);
    } catch (error) {
      failures = [new FailedRun(context, error)];
    }
    this.end(delivery, failures, '');
  }

  private async runAll(
    delivery: Delivery,
    context: RedisStreamsContext,
    data: unknown,
    handlers: readonly MessageHandler[],
  ): Promise<void> {
    const done = succeededBefore(delivery.history.state);
    const failures: FailedRun[] = [];
    const run = async (handler: MessageHandler, i: number): Promise<void> => {
      if (done.has(i)) return;
      // Each run has a context of its own, which tells what it threw from what the others threw.
      const own = i === 0 ? context : this.settings.another(delivery, context);
      try {
        const result: unknown = await handler(data, own);
        if (isStream(result)) await streamEnd(delivery, result);
        done.add(i);
      } catch (error) {
        failures.push(new FailedRun(own, error));
      }
    };
    await Promise.all(handlers.map(run));
    this.end(delivery, failures, [...done].join(','));
  }

  /**
   * Acknowledges an event that all handlers have taken. Otherwise it becomes a dead letter if a handler asked for one,
   * or if none of the failures can be tried again.
   */
  private end(delivery: Delivery, failures: readonly FailedRun[], state: string): void {
    if (delivery.watch !== undefined) tellThrown(delivery.watch, failures);
    const [first] = failures;
    if (first === undefined) {
      delivery.acknowledge();
      return;
    }
    const asked = failures.find(({ told }) => DeadLetter.is(told));
    if (asked !== undefined) {
      delivery.deadLetter('handler', asked.detail, asked.kept);
      return;
    }
    const policy = delivery.pattern.spec.retry ?? NO_POLICY;
    const complain = (line: string): void => this.settings.complain(delivery, line);
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
}

const NONE: readonly FailedRun[] = [];
const NO_POLICY = {};

/** Indexes of the handlers that an earlier attempt has noted. A part that is empty or no number is none. */
function succeededBefore(state: string): Set<number> {
  if (state === '') return new Set();
  return new Set(state.split(',').flatMap((part) => (/^\d+$/.test(part) ? Number(part) : [])));
}

function tellThrown(watch: RunWatch, failures: readonly FailedRun[]): void {
  for (const { kept } of failures) if (kept !== undefined) watch.threw(kept.value);
}

/** What the handlers asked for, if any did. */
function shortestDelay(failures: readonly FailedRun[]): number | undefined {
  let shortest: number | undefined;
  for (const { told } of failures) {
    if (!RetryLater.is(told) || told.delayMs === undefined) continue;
    if (shortest === undefined || told.delayMs < shortest) shortest = told.delayMs;
  }
  return shortest;
}
