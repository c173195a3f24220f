import { NO_MESSAGE_HANDLER_TEXT } from '../../../errors.js';
import {
  compareIds,
  decodeEntry,
  isMalformed,
  type Entry,
  type Malformed,
  type RawEntry,
} from '../../../protocol/entry.js';
import { REPLY } from '../../../protocol/frame.js';
import { UNREAD } from '../../../protocol/header.js';
import { PROTOCOL_VERSION } from '../../../protocol/version.js';
import type { HeldEntry } from '../../../redis/entries.js';
import {
  Delivery,
  type DeliveryOwner,
  type DeliverySlots,
  type HomeStream,
} from '../run/delivery.js';
import { faultText } from '../run/ends.js';
import type { History } from '../run/history.js';
import type { ShardContext } from '../membership/shard-context.js';
import { PatternState } from './pattern-state.js';
import type { StreamState } from './stream-state.js';

export interface EntryRouterHooks {
  /** The group that is read. */
  group(): string;
  /** It may run as soon as a slot is free. */
  ready(delivery: Delivery): void;
  /** It waits for another attempt, as its earlier holder noted. */
  early(delivery: Delivery, due: NonNullable<HeldEntry['due']>): void;
  /** This instance has no handler for the request. */
  unhandled(delivery: Delivery, request: UnhandledRequest): void;
}

export interface UnhandledRequest {
  readonly pattern: string;
  /** JSON of the fault that its caller gets if no other instance answers. */
  readonly payload: string;
  /** The deadline leaves time to hand it to another member of the group. */
  readonly inTime: boolean;
}

/** What a claim or an audit knows of an entry beside its text. */
interface Known {
  /** When its next attempt is due, as an earlier holder noted. */
  readonly due: HeldEntry['due'];
  /** Its caller has cancelled it. */
  readonly givenUp: boolean;
}

const NOTHING_KNOWN: Known = { due: undefined, givenUp: false };

/** An entry and where it belongs. */
interface Routed {
  readonly stream: HomeStream;
  /** Undefined: this instance has no handler for it. */
  readonly pattern: PatternState | undefined;
  readonly raw: RawEntry;
  readonly entry: Entry;
  readonly history: History;
}

/** Turns entries that were read, claimed or found into deliveries. Ends those at once that cannot run. */
export class EntryRouter {
  private nonce = 0;
  /** History that all entries of a first delivery share; made anew with each generation or incarnation. */
  private fresh: History | undefined;

  constructor(
    private readonly context: ShardContext,
    private readonly of: { readonly owner: DeliveryOwner; readonly slots: DeliverySlots },
    private readonly hooks: EntryRouterHooks,
  ) {}

  /** Takes an entry that was read: its first delivery. */
  takeNew(stream: StreamState, raw: RawEntry): void {
    this.take(stream, raw, this.freshHistory(), NOTHING_KNOWN);
  }

  /**
   * Takes an entry that was claimed, or that the audit found.
   * @param givenUp its caller has cancelled it
   */
  takeHeld(stream: StreamState, { raw, due, ...history }: HeldEntry, givenUp: boolean): void {
    this.take(stream, raw, this.history(history, due), { due, givenUp });
  }

  private take(
    stream: StreamState,
    raw: RawEntry,
    history: History,
    { due, givenUp }: Known,
  ): void {
    // The group was made anew, and Redis handed out again what this process still holds.
    if (stream.held.has(raw.id)) return;
    const decoded = decodeEntry(raw, this.context.options.maxPayloadBytes);
    if (isMalformed(decoded)) {
      this.refuse(stream, raw, decoded, history);
      return;
    }
    const pattern = stream.patternOf(decoded.pattern);
    const delivery = this.delivery({ stream, pattern, raw, entry: decoded, history });
    if (decoded.header.version !== PROTOCOL_VERSION) this.unsupported(delivery);
    else if (pattern === undefined || (delivery.isRequest && !pattern.spec.answers)) {
      this.unhandled(delivery);
    } else if (this.wasBefore(delivery) || this.isForAnother(delivery)) delivery.acknowledge();
    else if (givenUp) delivery.giveUp();
    else if (this.counted(history) > this.context.options.maxDeliveries) {
      delivery.deadLetter('deliveries', handedOut(history));
    } else if (due !== undefined && due.at > this.context.redisClock.now()) {
      this.hooks.early(delivery, due);
    } else {
      if (history.suspect) this.warnOf(delivery);
      this.hooks.ready(delivery);
    }
  }

  private warnOf({ stream, id, history: { deliveries } }: Delivery): void {
    this.context.logger.warn(
      'suspect',
      `entry ${id} of ${stream.name} was handed out ${deliveries} times and is on its last delivery; it runs apart`,
    );
  }

  private history(
    { deliveries, spared }: Pick<HeldEntry, 'deliveries' | 'spared'>,
    due: HeldEntry['due'],
  ): History {
    const { attempts, state } = due ?? { attempts: 0, state: '' };
    const counted = this.counted({ deliveries, spared });
    const suspect = counted > 1 && counted === this.context.options.maxDeliveries;
    const { incarnation, generation } = this.context.identity;
    return { deliveries, spared, suspect, attempts, state, incarnation, generation };
  }

  private freshHistory(): History {
    const { fresh } = this;
    const { incarnation, generation } = this.context.identity;
    if (fresh?.incarnation === incarnation && fresh.generation === generation) return fresh;
    return (this.fresh = this.history({ deliveries: 1, spared: 0 }, undefined));
  }

  /** Deliveries that count. A hand-over by an instance that left by itself does not. */
  private counted({ deliveries, spared }: Pick<History, 'deliveries' | 'spared'>): number {
    return Math.max(1, deliveries - spared);
  }

  /** A delivery of the same entry for its next attempt. */
  again(before: Delivery, attempts: number, state: string): Delivery {
    // A failed attempt that did not end the process: it is no suspect any more.
    const suspect = before.history.suspect && attempts === before.history.attempts;
    const history = { ...before.history, suspect, attempts, state };
    const { stream, pattern, raw, entry } = before;
    return this.delivery({ stream, pattern, raw, entry, history });
  }

  private delivery({ stream, pattern, raw, entry, history }: Routed): Delivery {
    const delivery = new Delivery({
      raw,
      owner: this.of.owner,
      slots: this.of.slots,
      stream,
      pattern: pattern ?? UNHANDLED,
      entry,
      history,
      nonce: ++this.nonce,
      consumer: this.context.identity.consumer,
    });
    stream.hold(delivery);
    return delivery;
  }

  /** An event that is older than the group. Groups begin at 0, so that no request is missed (rule L19). */
  private wasBefore({ stream, isRequest, id }: Delivery): boolean {
    return !isRequest && stream.since !== undefined && compareIds(id, stream.since) <= 0;
  }

  /** An event that was replayed from the dead letters of another group. */
  private isForAnother({ isRequest, entry: { group } }: Delivery): boolean {
    return !isRequest && group !== undefined && group !== this.hooks.group();
  }

  private unsupported(delivery: Delivery): void {
    const message = `protocol version ${delivery.entry.header.version} is not supported`;
    if (delivery.isRequest) {
      delivery.fault('UNSUPPORTED_VERSION', message, 'not-run');
      return;
    }
    const payload = faultText('UNSUPPORTED_VERSION', message, 'not-run');
    this.of.owner.deadLetter(delivery, {
      reason: 'version',
      detail: message,
      kind: REPLY.fault,
      payload,
    });
  }

  /** Makes a dead letter of a malformed entry. Its header may be unreadable too. */
  private refuse(stream: StreamState, raw: RawEntry, bad: Malformed, history: History): void {
    const entry: Entry = {
      id: raw.id,
      addedAt: 0,
      header: bad.header ?? UNREAD,
      data: '',
      headers: undefined,
      key: undefined,
      pattern: undefined,
      group: undefined,
    };
    const delivery = this.delivery({ stream, pattern: undefined, raw, entry, history });
    const code = bad.malformed === 'payload too large' ? 'PAYLOAD_TOO_LARGE' : 'INVALID_MESSAGE';
    this.of.owner.deadLetter(delivery, {
      reason: 'malformed',
      detail: bad.malformed,
      kind: REPLY.fault,
      payload: faultText(code, `malformed message: ${bad.malformed}`, 'not-run'),
    });
  }

  /** The group has no handler (rule L19): acknowledges an event; a request may be for another group. */
  private unhandled(delivery: Delivery): void {
    if (!delivery.isRequest) {
      delivery.acknowledge();
      return;
    }
    const pattern = delivery.entry.pattern ?? delivery.stream.name;
    const { deliveries, attempts } = delivery.history;
    // An earlier member of the group may have had a handler.
    const outcome = deliveries === 1 && attempts === 0 ? 'not-run' : 'may-have-run';
    const inTime = this.context.redisClock.now() < delivery.deadline;
    const payload = inTime
      ? faultText('NO_HANDLER', NO_MESSAGE_HANDLER_TEXT, outcome)
      : faultText('TIMEOUT', 'the deadline passed before the handler could start', outcome);
    this.hooks.unhandled(delivery, { pattern, payload, inTime });
  }
}

function handedOut({ deliveries, spared }: History): string {
  const times = `handed out ${deliveries} times`;
  return spared === 0 ? times : `${times}, ${spared} of them to instances that left by themselves`;
}

/** The pattern of entries without a handler. */
const UNHANDLED = new PatternState({
  pattern: '',
  stream: '',
  answers: false,
  broadcast: false,
  concurrency: undefined,
  retry: undefined,
  once: false,
  restartable: false,
});
