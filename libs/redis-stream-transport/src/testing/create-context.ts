import { RedisStreamsError } from '../errors.js';
import { PatternState } from '../engine/consumer/intake/pattern-state.js';
import { ABORTED } from '../engine/consumer/run/abort-reason.js';
import { Delivery, type DeliveryOwner } from '../engine/consumer/run/delivery.js';
import type { AbortReason } from '../engine/diagnostics/messages.js';
import { RedisStreamsContext } from '../nest/redis-streams.context.js';
import { Keys } from '../protocol/keys.js';
import { PRIORITIES, type Priority } from '../protocol/priority.js';
import { PROTOCOL_VERSION } from '../protocol/version.js';

/** What a handler is to find in its context. */
export interface TestContextOptions {
  /** In Nest's normal form. Default: `test`. */
  readonly pattern?: string;
  /** `request` or `event`. Default: `request`. */
  readonly kind?: 'request' | 'event';
  /** Headers. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly idempotencyKey?: string;
  /** Default: 'normal'. */
  readonly priority?: Priority;
  /** How often the entry was handed out, this time included. Default: 1. */
  readonly deliveryCount?: number;
  /** Attempts that failed before. Default: 0. */
  readonly failedAttempts?: number;
  /** Milliseconds from now to the deadline. Default: there is none. */
  readonly timeout?: number;
}

/** What a handler has done with an event through its context. */
export type TestOutcome =
  | { readonly kind: 'acknowledged' }
  /** `delay` in milliseconds; undefined: as the retry policy says. */
  | { readonly kind: 'retry'; readonly delay: number | undefined }
  | { readonly kind: 'dead-letter'; readonly reason: string };

const KEYS = new Keys('nrs', 0, 1);

/** Parts of a context that only the transport needs. */
interface Seen {
  outcome: TestOutcome | undefined;
}

/** A context for unit tests of handlers, with what the handler did to it. */
export class TestContext extends RedisStreamsContext {
  readonly #delivery: Delivery;
  readonly #seen: Seen;

  /** @internal `createContext` makes one */
  constructor(options: TestContextOptions) {
    const seen: Seen = { outcome: undefined };
    const delivery = deliveryOf(options, seen);
    const source = { redisNow: () => Date.now(), keysOf: () => KEYS };
    super(delivery, source, options.metadata);
    this.#delivery = delivery;
    this.#seen = seen;
  }

  /** What the handler did with `ack`, `retry`, `nack` or `deadLetter`; undefined: none of these. The first one counts. */
  get outcome(): TestOutcome | undefined {
    return this.#seen.outcome;
  }

  /** What the handler gave to `setReplyHeaders`; `{}` for nothing. */
  get replyHeaders(): Readonly<Record<string, string>> {
    const { replyHeaders: text } = this.#delivery;
    return text === undefined ? {} : (JSON.parse(text) as Record<string, string>);
  }

  /** Fires the signal, as the deadline, a cancellation, another instance or the end of the server do. */
  abort(reason: AbortReason = 'cancelled'): void {
    if (!Object.hasOwn(ABORTED, reason)) throw refuse('reason', Object.keys(ABORTED).join(', '));
    this.#delivery.abort(reason);
  }
}

/**
 * Makes a context to call a handler with, without a server.
 *
 * @example
 * const context = createContext({ kind: 'event', failedAttempts: 2 });
 * await controller.placed({ id: 7 }, context);
 * expect(context.outcome).toEqual({ kind: 'retry', delay: 60_000 });
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function createContext(options: TestContextOptions = {}): TestContext {
  const { deliveryCount = 1, failedAttempts = 0, timeout = 0, kind = 'request' } = options;
  if (!isCount(deliveryCount, 1)) throw refuse('deliveryCount', 'a whole number from 1');
  if (!isCount(failedAttempts, 0)) throw refuse('failedAttempts', 'a whole number from 0');
  if (!isCount(timeout, 0)) throw refuse('timeout', 'a whole number of milliseconds');
  const { priority = 'normal' } = options;
  if (!PRIORITIES.includes(priority)) throw refuse('priority', PRIORITIES.join(', '));
  if (kind !== 'request' && kind !== 'event') throw refuse('kind', '"request" or "event"');
  return new TestContext(options);
}

const isCount = (value: number, least: number): boolean =>
  Number.isSafeInteger(value) && value >= least;

function refuse(option: string, wanted: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_OPTION', `test context: "${option}" must be ${wanted}`);
}

/** Ends are noted, and nothing else happens. */
function ownerOf(seen: Seen): DeliveryOwner {
  const end = (delivery: Delivery, outcome: TestOutcome): void => {
    delivery.ended = true;
    seen.outcome = outcome;
  };
  return {
    begin: () => undefined,
    admit: (_delivery, _message, begin) => begin(),
    reply: () => undefined,
    acknowledge: (delivery) => end(delivery, { kind: 'acknowledged' }),
    expired: (delivery) => end(delivery, { kind: 'acknowledged' }),
    retry: (delivery, { delay }) => end(delivery, { kind: 'retry', delay }),
    deadLetter: (delivery, { detail }) => end(delivery, { kind: 'dead-letter', reason: detail }),
  };
}

function deliveryOf(options: TestContextOptions, seen: Seen): Delivery {
  const { pattern = 'test', kind = 'request', timeout = 0, idempotencyKey: key } = options;
  const { deliveryCount: deliveries = 1, failedAttempts: attempts = 0 } = options;
  const addedAt = Date.now();
  const id = `${addedAt}-0`;
  const isRequest = kind === 'request';
  const sender = isRequest ? { call: '1', caller: 'test-caller-0000' } : {};
  const header = {
    ...{ version: PROTOCOL_VERSION, codec: 'json' as const, codecName: undefined },
    ...{ call: undefined, caller: undefined, ...sender },
    ...{ timeout, idle: 0, once: false, depth: 0, message: false },
  };
  const spec = {
    ...{
      pattern,
      stream: pattern,
      answers: isRequest,
      hears: true,
      broadcast: false,
      concurrency: undefined,
    },
    ...{ retry: undefined, once: false, restartable: false },
  };
  return new Delivery({
    raw: { id, fields: [] },
    owner: ownerOf(seen),
    slots: { renewed: () => undefined, waits: () => undefined },
    stream: {
      ...{ name: pattern, own: pattern, rank: PRIORITIES.indexOf(options.priority ?? 'normal') },
      ...{ since: undefined, hold: () => undefined, holds: () => true },
      ...{ has: () => true, release: () => undefined, startRefused: () => undefined },
    },
    pattern: new PatternState(spec),
    entry: {
      ...{ id, addedAt, header, data: 'null', headers: options.metadata, key },
      ...{ pattern, group: undefined },
    },
    history: {
      ...{ deliveries, spared: 0, suspect: false, attempts, state: '' },
      ...{ incarnation: '', generation: 0 },
    },
    ...{ nonce: 1, consumer: 'test-consumer' },
  });
}
