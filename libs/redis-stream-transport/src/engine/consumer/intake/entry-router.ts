import { NO_MESSAGE_HANDLER_TEXT } from '../../../errors.js';
import {
  compareIds,
  decodeEntry,
  isMalformed,
  type Entry,
  type Malformed,
  type RawEntry,
} from '../../../protocol/entry.js';
import type { Pause } from '../../../protocol/pause.js';
import { REPLY } from '../../../protocol/frame.js';
import { UNREAD } from '../../../protocol/header.js';
import { PROTOCOL_VERSION } from '../../../protocol/version.js';
import { isPack, unpack } from '../../../protocol/pack.js';
import type { HeldEntry } from '../../../redis/entries.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { Watermark } from '../../../redis/operations/serving/read.js';
import {
  Delivery,
  type DeliveryOwner,
  type DeliverySlots,
  type HomeStream,
} from '../run/delivery.js';
import { faultText } from '../run/ends.js';
import type { History } from '../run/history.js';
import type { Pack } from '../run/pack.js';
import { mayBeRefused, pausedFault } from '../run/pauses.js';
import { handedOut, Histories } from './histories.js';
import { PackLooks } from './pack-looks.js';
import { PackRouter } from './pack-router.js';
import type { ShardContext } from '../membership/shard-context.js';
import { aboutEntry, lineOf } from '../settle/entry-lines.js';
import type { PatternState } from './pattern-state.js';
import { UNHANDLED } from './patterns.js';
import type { StreamState } from './stream-state.js';

export interface EntryRouterHooks {
  /** The group that is read. */
  group(): string;
  /** It may run as soon as a slot is free. */
  ready(delivery: Delivery): void;
  /** One more entry may be held that has to wait. */
  mayPark(): boolean;
  /** It waits for another attempt, as its earlier holder noted. */
  early(delivery: Delivery, due: NonNullable<HeldEntry['due']>): void;
  /** This instance has no handler for the request. */
  unhandled(delivery: Delivery, request: UnhandledRequest): void;
}

export interface EntryRouterParts {
  readonly owner: DeliveryOwner;
  readonly slots: DeliverySlots;
  readonly broker: GroupBroker;
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

/** An entry, or a call of a pack, on its way to a handler. */
interface Incoming {
  readonly stream: StreamState;
  readonly raw: RawEntry;
  readonly decoded: Entry | Malformed;
  readonly history: History;
  readonly pack?: Pack<Delivery>;
  readonly place?: number;
}

/** An entry and where it belongs. */
interface Routed {
  readonly stream: HomeStream;
  /** Undefined: this instance has no handler for it. */
  readonly pattern: PatternState | undefined;
  readonly raw: RawEntry;
  readonly entry: Entry;
  readonly history: History;
  readonly pack: Pack<Delivery> | undefined;
  readonly place: number | undefined;
}

/** Turns entries that were read, claimed or found into deliveries. Ends those at once that cannot run. */
export class EntryRouter {
  private nonce = 0;
  private readonly histories: Histories;
  private readonly packs: PackRouter;

  constructor(
    private readonly context: ShardContext,
    private readonly of: EntryRouterParts,
    private readonly hooks: EntryRouterHooks,
  ) {
    this.histories = new Histories(context);
    const looks = new PackLooks(context, of.broker);
    this.packs = new PackRouter(context, looks, this.histories, {
      group: () => this.hooks.group(),
      enter: (member, known) => this.enter(member, known),
    });
  }

  /**
   * What was read: it is handed out for the first time.
   * @param seen which packs must be looked at first, as Redis said after the read
   */
  takeNew(stream: StreamState, raw: RawEntry, seen: Watermark | undefined): void {
    // The group was made anew and handed out again what this process still runs.
    if (stream.held.has(raw.id)) return;
    const packed = unpack(raw, this.context.options.maxPayloadBytes);
    stream.brought(isPack(packed) ? packed.members.length : 1);
    if (isPack(packed)) {
      this.packs.takeNew({ stream, raw, entry: packed }, seen);
      return;
    }
    const decoded = packed ?? decodeEntry(raw, this.context.options.maxPayloadBytes);
    this.enter({ stream, raw, decoded, history: this.histories.fresh() }, NOTHING_KNOWN);
  }

  /**
   * What was claimed, or found by the audit.
   * @param givenUp entries and calls, as `Delivery.name` has them, that have no caller any more
   */
  takeHeld(stream: StreamState, held: HeldEntry, givenUp: ReadonlySet<string>): void {
    const { raw, due } = held;
    if (stream.held.has(raw.id)) return;
    const packed = unpack(raw, this.context.options.maxPayloadBytes);
    if (isPack(packed)) {
      this.packs.takeHeld({ stream, raw, entry: packed }, held, givenUp);
      return;
    }
    const decoded = packed ?? decodeEntry(raw, this.context.options.maxPayloadBytes);
    const history = this.histories.of(held, due);
    this.enter({ stream, raw, decoded, history }, { due, givenUp: givenUp.has(raw.id) });
  }

  private enter(incoming: Incoming, { due, givenUp }: Known): void {
    const { stream, raw, decoded, history, pack, place } = incoming;
    if (isMalformed(decoded)) {
      this.refuse(incoming, decoded);
      return;
    }
    const pattern = stream.patternOf(decoded.pattern);
    const delivery = this.delivery({ stream, pattern, raw, entry: decoded, history, pack, place });
    this.context.diagnostics.read(delivery, this.context.redisClock);
    if (decoded.header.version !== PROTOCOL_VERSION) this.unsupported(delivery);
    else if (
      pattern === undefined ||
      (delivery.isRequest && !pattern.spec.answers && !stream.goesOnWith(raw.id))
    ) {
      this.unhandled(delivery);
    } else if (this.wasBefore(delivery) || this.isForAnother(delivery)) delivery.acknowledge();
    else if (givenUp) delivery.giveUp();
    else if (this.isSpent(delivery)) delivery.deadLetter('deliveries', handedOut(history));
    else if (due !== undefined && due.at > this.context.redisClock.now()) {
      this.hooks.early(delivery, due);
    } else if (pattern.pause === undefined || !this.isRefused(delivery, pattern.pause)) {
      if (history.suspect) this.warnOf(delivery);
      this.hooks.ready(delivery);
    }
  }

  /** Its pattern is paused: refuses a call that does not wait, or that is one more than may. */
  private isRefused(delivery: Delivery, pause: Pause): boolean {
    const { pattern } = delivery;
    if (!mayBeRefused(delivery)) pattern.isOwing = true;
    else if (pause.refuses || !this.hooks.mayPark()) {
      delivery.reply(REPLY.fault, pausedFault(pattern.spec.pattern, pause), true);
      return true;
    }
    return false;
  }

  /**
   * It was handed out too often; of a pack, only the call that had been started then. Not of those that may be started
   * once only: Redis is asked whose mark it is.
   */
  private isSpent({ history, pack, place, once }: Delivery): boolean {
    const { maxDeliveries } = this.context.options;
    if (this.histories.counted(history) <= maxDeliveries) return false;
    if (once && pack !== undefined) return false;
    return pack === undefined || maxDeliveries === 1 || pack.wasMarked(place);
  }

  private warnOf(delivery: Delivery): void {
    const { deliveries } = delivery.history;
    this.context.logger.warn(
      'LAST_DELIVERY',
      aboutEntry(delivery, () => {
        const words = `handed out ${deliveries} times and on its last delivery; it runs apart`;
        return lineOf(delivery, words);
      }),
    );
  }

  /** A delivery of the same entry for its next attempt. */
  again(before: Delivery, attempts: number, state: string): Delivery {
    // A failed attempt that did not end the process: it is no suspect any more.
    const suspect = before.history.suspect && attempts === before.history.attempts;
    const history = { ...before.history, suspect, attempts, state };
    const { stream, pattern, raw, entry, pack, place } = before;
    const next = this.delivery({ stream, pattern, raw, entry, history, pack, place });
    this.context.diagnostics.time(next);
    return next;
  }

  private delivery({ stream, pattern, raw, entry, history, pack, place }: Routed): Delivery {
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
      pack,
      place,
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
  private refuse({ stream, raw, history, pack, place }: Incoming, bad: Malformed): void {
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
    const [pattern, own] = [undefined, { id: raw.id, fields: bad.fields ?? raw.fields }];
    const delivery = this.delivery({ stream, pattern, raw: own, entry, history, pack, place });
    this.context.diagnostics.read(delivery, this.context.redisClock);
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
    if (!delivery.isRequest) return delivery.acknowledge();
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
