import { DirectoryStore } from '../../libs/redis-stream-transport/src/contracts/directory/directory-store.js';
import { readNested } from '../../libs/redis-stream-transport/src/redis/operations/serving/nested.js';
import { refuseUnread } from '../../libs/redis-stream-transport/src/redis/operations/serving/refuse-unread.js';
import type { Dice, Step } from './dice.js';
import { wildcardStep } from './random-wildcards.js';
import { CALLER, GROUP, type Side } from './side.js';

const STREAMS = ['prices', 'places'];
export const CONSUMERS = ['one', 'two', 'three', 'four', 'five'];
const LIFE = 600_000;
const frame = (text: string) => ({
  caller: CALLER,
  frame: `1 one [["${text}",2,1,1,0]]`,
  ttlMs: LIFE,
});

interface Added {
  readonly stream: string;
  /** It is a pack of events. */
  readonly shared: boolean;
  /** Calls of a pack; 0: it is none. */
  readonly size: number;
}

/** Makes up operations that make sense now and then. */
export class Operations {
  private readonly added: Added[] = [];
  /** Ids of what was added, by side. */
  private readonly ids = new Map<Side, string[]>();
  /** Who has read an entry last, by its place. */
  private readonly holders = new Map<number, string>();
  /** Consumers that have left. */
  private readonly gone = new Set<string>();
  private number = 0;

  constructor(private readonly dice: Dice) {}

  /** An operation, by name. */
  next(): [name: string, step: Step] {
    const all = Object.entries(this.all);
    const [name, make] = this.dice.pick(all);
    return [name, make()];
  }

  // Adding is needed more often than anything else.
  private readonly all: Record<string, () => Step> = {
    enqueue: () => this.enqueue(),
    more: () => this.enqueue(),
    again: () => this.enqueue(),
    read: () => this.read(),
    readMore: () => this.read(),
    readNext: () => this.read(),
    repeat: () => this.repeated(),
    settle: () => this.settle(),
    settleChecked: () => this.settleChecked(),
    retry: () => this.retry(),
    deadLetter: () => this.deadLetter(),
    start: () =>
      this.withIds((side, consumer, stream, ids) =>
        side.starts.start(owner(consumer), stream, ids),
      ),
    fetch: () =>
      this.withIds((side, consumer, stream, ids) => side.group.fetch(owner(consumer), stream, ids)),
    adopt: () =>
      this.withIds((side, consumer, stream, ids) =>
        side.starts.adopt(owner(consumer), stream, ids),
      ),
    look: () =>
      this.withIds((side, consumer, stream, ids) => side.group.look(owner(consumer), stream, ids)),
    mark: () => this.mark(),
    claimKeys: () => this.claimKeys(),
    noHandler: () => this.noHandler(),
    nested: () => this.nested(),
    readWaiting: () => this.readWaiting(),
    refuseUnread: () => this.refuseUnread(),
    facts: () => this.facts(),
    pauses: () => (side) => side.leases.readPauses(),
    describe: () => this.describe(),
    directory: () => async (side) => {
      const store = new DirectoryStore(side.link, side.keys);
      const { cards } = await store.look('shop', true);
      return [cards, await store.services(), await store.document('digest')];
    },
    claim: () => this.claim(),
    claimMore: () => this.claim(),
    release: () => this.release(),
    renew: () => this.renew(),
    revoke: () => this.revoke(),
    leases: () => async (side) =>
      (await side.leases.look(CONSUMERS)).map(({ value, left }) => [value, left > 0]),
    announce: () => this.announce(),
    snapshot: () => this.snapshot(),
    scan: () => (side) => side.group.scan(STREAMS),
    interrupted: () => this.interrupted(),
    endInterrupted: () => this.endInterrupted(),
    orphans: () => this.orphans(),
    decide: () => this.decide(),
    reAsk: () => this.reAsk(),
    abort: () => this.abort(),
    attach: () => (side) => side.caller.attach(),
    log: () => (side) => side.caller.readLog('0-0', 1000),
    closeNumber: () => this.closeNumber(),
    unlist: () => this.unlist(),
    ensureGroup: () => this.ensureGroup(),
    clean: () => this.clean(),
    sweep: () => this.sweep(),
    wildcards: () => wildcardStep(this.dice, owner(this.live), this.dice.pick(STREAMS)),
    dead: () => (side) => side.link.command('xrange', [side.keys.dead(GROUP), '-', '+']),
    streams: () => (side) =>
      Promise.all(
        STREAMS.map((name) => side.link.command('xrange', [side.keys.stream(name), '-', '+'])),
      ),
  };

  private idOf(side: Side, at: number): string {
    return this.ids.get(side)?.[at] ?? '1-1';
  }

  /** An entry that was added, by its place. */
  private get anyEntry(): { at: number; entry: Added } {
    const held = [...this.holders.keys()];
    const all = Math.max(1, this.added.length);
    const at = held.length > 0 && this.often() ? this.dice.pick(held) : this.dice.below(all);
    return { at, entry: this.added[at] ?? { stream: 'prices', size: 0, shared: false } };
  }

  private often(): boolean {
    return this.dice.next() < 0.75;
  }

  /** Mostly the consumer that has an entry. */
  private holderOf(at: number): string {
    const holder = this.holders.get(at);
    return holder !== undefined && this.often() ? holder : this.live;
  }

  /** Mostly a consumer that has its lease. */
  private get live(): string {
    const live = CONSUMERS.filter((consumer) => !this.gone.has(consumer));
    return this.dice.pick(live.length > 0 && this.often() ? live : CONSUMERS);
  }

  /** Mostly one that has left. */
  private get dead(): string {
    const gone = [...this.gone];
    return this.dice.pick(gone.length > 0 && this.often() ? gone : CONSUMERS);
  }

  private packOf({ size, shared }: Added) {
    return size === 0 ? undefined : { size, place: this.dice.below(size), shared };
  }

  private withIds(
    ask: (side: Side, consumer: string, stream: string, ids: string[]) => Promise<unknown>,
  ): Step {
    const { at, entry } = this.anyEntry;
    const { stream } = entry;
    const consumer = this.holderOf(at);
    const others = this.added.flatMap((other, place) => (other.stream === stream ? [place] : []));
    const places = [at, ...this.dice.some(others, 3)];
    return (side) =>
      ask(
        side,
        consumer,
        stream,
        places.map((place) => this.idOf(side, place)),
      );
  }

  private enqueue(): Step {
    const stream = this.dice.pick(STREAMS);
    const kind = this.dice.pick(['event', 'request', 'once', 'pack', 'events', 'nested']);
    const count = 1 + this.dice.below(3);
    const shared = kind === 'events';
    const size = kind === 'pack' || shared ? 2 + this.dice.below(3) : 0;
    const timeout = this.dice.pick([0, LIFE]);
    const header = {
      event: '1 json - - 0',
      request: `1 json 1 ${CALLER} ${timeout}`,
      once: `1 json 1 ${CALLER} ${timeout} once`,
      nested: `1 json 1 ${CALLER} ${timeout} depth=1`,
      pack: `1 pack.json ${size} ${CALLER} ${LIFE}`,
      events: `1 pack.json ${size} - 0`,
    }[kind] as string;
    const fields = ['c', header, 'd', '1', ...(size > 0 ? ['m', '1,2'] : [])];
    const number = ++this.number;
    const mode = this.dice.pick([0, 0, 0, 0, 1, 2] as const);
    const asks = this.dice.next() < 0.3;
    const from = this.added.length;
    const places = Array.from(
      { length: count },
      () => this.added.push({ stream, size, shared }) - 1,
    );
    const entries = places.map(() => fields);
    // Entries that have one header are written in another way than those that have not.
    const areEqual = this.dice.next() < 0.5;
    const plain = places.map((_, i) => [areEqual || i === 0 ? header : `${header} other`, '1']);
    const hasExtraFields = size > 0 || this.dice.next() < 0.5;
    // The other stream stands for that of a class.
    const other = STREAMS.find((each) => each !== stream) as string;
    const isOfClass = this.dice.next() < 0.3;
    const isEvent = this.dice.next() < 0.5;
    const section = {
      ...{ stream, pattern: stream, mode, asks, isEvent, hasExtraFields },
      ofClass: isOfClass ? { stream: other, isEvent } : undefined,
      ...{ measures: this.dice.next() < 0.5, entries: hasExtraFields ? entries : plain },
    };
    const renew = this.dice.next() < 0.3;
    const step: Step = async (side) => {
      const answer = await side.caller.enqueue({ ...this.batch(side, number, [section]), renew });
      const ids = this.ids.get(side) ?? [];
      this.ids.set(side, ids);
      if (answer.kind === 'applied') {
        const [verdict] = answer.sections;
        const [ms, seq] = (verdict?.first ?? '-').split('-');
        for (let i = 0; i < (verdict?.count ?? 0); i++) {
          const id = `${ms}-${Number(seq) + i}`;
          ids[from + i] = id;
          side.name(id, `entry${from + i}`);
        }
      }
      return answer;
    };
    this.lastStep = step;
    return step;
  }

  private lastStep: Step | undefined;

  private repeated(): Step {
    return this.lastStep ?? ((side) => side.caller.lastRecord());
  }

  private batch(side: Side, number: number, sections: never[] | object[]) {
    return {
      ...{ epoch: 1, number, version: 0, incarnation: side.incarnation },
      ...{ stamp: Date.now() + LIFE, trim: '', sections: sections as never[] },
    };
  }

  private closeNumber(): Step {
    const number = this.dice.pick([this.number, ++this.number]);
    return (side) => side.caller.closeNumber(1, number, side.incarnation);
  }

  private read(): Step {
    const consumer = this.live;
    const request = { consumer, streams: STREAMS, count: 1 + this.dice.below(4), block: 0 };
    const packs = this.dice.next() < 0.3;
    return async (side) => {
      const { read, seen } = await side.group.read(side.link, { ...request, packs });
      for (const { id } of read.flatMap(({ entries }) => entries)) {
        const at = this.ids.get(side)?.indexOf(id) ?? -1;
        if (at !== -1) this.holders.set(at, consumer);
      }
      return [read, seen === undefined ? null : seen.look > 0];
    };
  }

  private settle(): Step {
    const { at, entry } = this.anyEntry;
    const consumer = this.holderOf(at);
    const drop = this.dice.next() < 0.7;
    const isLone = this.dice.next() < 0.5;
    const letters = Array.from({ length: entry.size }, () => this.dice.pick(['.', 'x'])).join('');
    const care = this.dice.next() < 0.5;
    const logs = this.dice.some([{ ...frame('settled'), force: care, livesOn: care }], 1);
    const key = { pattern: 'prices', key: 'a', digest: 'd1', result: '[[2]]' };
    const isKeyed = this.dice.next() < 0.3;
    return (side) => {
      const id = this.idOf(side, at);
      const ids = entry.size > 0 ? [] : [id];
      const results = isKeyed ? [{ ...key, name: id }] : [];
      const packs = entry.size > 0 ? [{ note: noteOf(entry, id), letters }] : [];
      const notes = isLone ? [] : [id];
      const ends = { keep: drop ? [] : ids, drop: drop ? ids : [], noted: notes, started: notes };
      const streams = [{ stream: entry.stream, ...ends, packs }];
      return side.group.settle(owner(consumer), { logs, results, streams });
    };
  }

  private settleChecked(): Step {
    const { at, entry } = this.anyEntry;
    const consumer = this.holderOf(at);
    const pack = this.packOf(entry);
    const drop = this.dice.next() < 0.7;
    const answer = this.dice.some([frame('checked')], 1)[0];
    return (side) => {
      const place = { stream: entry.stream, id: this.idOf(side, at), pack };
      const { incarnation } = side;
      return side.group.settleChecked(owner(consumer), { ...place, incarnation, drop, answer });
    };
  }

  private retry(): Step {
    const { at, entry } = this.anyEntry;
    const consumer = this.holderOf(at);
    const pack = this.packOf(entry);
    const next = { delay: LIFE, attempts: 1, state: '0', spared: this.dice.below(2) };
    return (side) =>
      side.group.retry(
        owner(consumer),
        { stream: entry.stream, id: this.idOf(side, at), pack },
        next,
      );
  }

  private deadLetter(): Step {
    const { at, entry } = this.anyEntry;
    const consumer = this.holderOf(at);
    const pack = this.packOf(entry);
    const drop = this.dice.next() < 0.7;
    const answer = this.dice.some([frame('dead')], 1)[0];
    const key = this.dice.some([{ pattern: 'prices', key: 'a' }], 1)[0];
    const fields = ['reason', 'final'];
    return (side) => {
      const place = { stream: entry.stream, id: this.idOf(side, at), pack };
      const letter = { ...place, drop, answer, key, kept: 1000, fields };
      return side.group.deadLetter(owner(consumer), letter);
    };
  }

  private mark(): Step {
    const packs = this.added.flatMap((entry, at) => (entry.size > 0 ? [{ entry, at }] : []));
    const stream = this.dice.pick(STREAMS);
    const chosen = this.dice
      .some(
        packs.filter(({ entry }) => entry.stream === stream),
        2,
      )
      .map(({ entry, at }) => ({
        ...{ at, entry },
        wanted: Array.from({ length: entry.size }, () => this.dice.pick(['.', 't', 'T'] as const)),
        attempts: this.dice.pick([[], Array.from({ length: entry.size }, () => 0)]),
        once: this.dice.next() < 0.5,
      }));
    const consumer = this.holderOf(chosen[0]?.at ?? 0);
    return (side) =>
      side.starts.mark(
        owner(consumer),
        stream,
        chosen.map(({ at, entry, ...marks }) => ({
          note: noteOf(entry, this.idOf(side, at)),
          ...marks,
        })),
      );
  }

  private claimKeys(): Step {
    const { at, entry } = this.anyEntry;
    const pack = this.packOf(entry);
    const keys = this.dice.some(['a', 'b', 'c'], 3);
    const digest = this.dice.pick(['d1', 'd1', 'd2']);
    return (side) => {
      const name = this.idOf(side, at) + (pack === undefined ? '' : `#${pack.place}`);
      const entries = keys.map((key) => ({ pattern: 'prices', key, name, digest }));
      return side.starts.claimKeys(entry.stream, entries);
    };
  }

  private noHandler(): Step {
    const { at, entry } = this.anyEntry;
    const consumer = this.holderOf(at);
    const pack = this.packOf(entry);
    const mayHand = this.dice.next() < 0.5;
    const answer = frame('nobody');
    return (side) => {
      const of = { stream: entry.stream, pattern: entry.stream, deadline: Infinity, mayHand, pack };
      return side.group.noHandler(owner(consumer), { ...of, id: this.idOf(side, at) }, answer);
    };
  }

  private nested(): Step {
    const consumer = this.live;
    const search = {
      ...{ group: GROUP, consumer, wanted: 1 + this.dice.below(3), others: this.dice.below(3) },
      force: this.dice.next() < 0.3,
      streams: STREAMS.map((stream) => ({ stream, most: 1 + this.dice.below(2), mark: '' })),
    };
    return (side) => readNested(side.link, side.keys, search);
  }

  private readWaiting(): Step {
    const consumer = this.live;
    const streams = this.dice.some(STREAMS, 2);
    // What comes within a second, or none of it.
    const age = this.dice.pick([0, 3_600_000]);
    return (side) => side.group.readWaiting(side.link, { consumer, streams, age });
  }

  private refuseUnread(): Step {
    const consumer = this.live;
    const { at, entry } = this.anyEntry;
    const answer = frame('refused');
    return (side) => {
      const of = { group: GROUP, stream: entry.stream, id: this.idOf(side, at), answer };
      return refuseUnread(side.link, side.keys, owner(consumer), of);
    };
  }

  private describe(): Step {
    const consumer = this.live;
    const ttl = this.dice.pick([0, LIFE, LIFE]);
    const document = this.dice.pick([
      undefined,
      { digest: 'digest', text: 'long' },
      { digest: 'digest', text: '' },
    ]);
    const offer = { name: 'shop', ttl, card: '{}', document };
    return (side) => new DirectoryStore(side.link, side.keys).describe(owner(consumer), offer);
  }

  private facts(): Step {
    const consumer = this.live;
    return (side) => side.leases.noteFacts(owner(consumer), '{}');
  }

  private claim(): Step {
    const consumer = this.live;
    const dead = this.dead;
    const stream = this.dice.pick(STREAMS);
    const wanted = {
      count: 1 + this.dice.below(3),
      permitted: 1 + this.dice.below(3),
      suspects: this.dice.next() < 0.5,
      ...(this.dice.next() < 0.3 ? { nestedFrom: '-' } : {}),
    };
    return (side) => side.group.claim(owner(consumer), dead, stream, wanted);
  }

  private release(): Step {
    // Two stay.
    if (this.gone.size > 2) return this.read();
    const consumer = this.live;
    this.gone.add(consumer);
    return (side) => side.leases.release(owner(consumer), announcements);
  }

  private renew(): Step {
    const consumer = this.live;
    const take = this.dice.next() < 0.7;
    const connections = this.dice.some([{ grace: 1000, ids: [1, 2] }], 1)[0];
    const renewal = { ttl: LIFE, take, ...(connections && { connections }) };
    return (side) => side.leases.renew(owner(consumer), renewal);
  }

  private revoke(): Step {
    const consumer = this.live;
    const dead = this.dead;
    const isNoted = this.dice.next() < 0.5;
    return async (side) => {
      const noted = isNoted ? await side.leases.notedConnections(0, true) : [];
      const note = noted.find((each) => each.consumer === dead)?.note ?? '';
      return side.leases.revoke(owner(consumer), dead, note);
    };
  }

  private announce(): Step {
    const consumer = this.live;
    const check = this.dice.next() < 0.5;
    return (side) => side.leases.announce(owner(consumer), announcements, LIFE, check);
  }

  private snapshot(): Step {
    const consumer = this.dice.pick(CONSUMERS);
    const limit = 1 + this.dice.below(5);
    const wanted = STREAMS.map((stream) => ({ stream, from: '-' }));
    return (side) => side.group.snapshot(consumer, wanted, limit);
  }

  private interrupted(): Step {
    const consumer = this.live;
    const by = this.dead;
    const stream = this.dice.pick(STREAMS);
    return async (side) => {
      const found = await side.starts.interrupted(owner(consumer), by, stream);
      // A hash has no order.
      return found.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    };
  }

  private endInterrupted(): Step {
    const consumer = this.live;
    const by = this.dead;
    const { at, entry } = this.anyEntry;
    const answer = this.dice.some([frame('interrupted')], 1)[0];
    return (side) => {
      const end = { stream: entry.stream, id: this.idOf(side, at), answer };
      return side.starts.endInterrupted(owner(consumer), by, end);
    };
  }

  private orphans(): Step {
    const stream = this.dice.pick(STREAMS);
    const count = 1 + this.dice.below(5);
    return (side) => side.starts.orphans(stream, '', count);
  }

  private inDoubt(): { at: number; entry: Added; pack: ReturnType<Operations['packOf']> } {
    const { at, entry } = this.anyEntry;
    return { at, entry, pack: this.packOf(entry) };
  }

  private decide(): Step {
    const { at, entry, pack } = this.inDoubt();
    return (side) =>
      side.caller.decide([{ stream: entry.stream, entry: this.idOf(side, at), pack }]);
  }

  private reAsk(): Step {
    const { at, entry, pack } = this.inDoubt();
    const { stream } = entry;
    return (side) =>
      side.caller.reAsk([{ stream, pattern: stream, entry: this.idOf(side, at), pack }]);
  }

  private abort(): Step {
    const consumer = this.live;
    return async (side) => {
      await side.caller.abort(consumer, ['["prices","1-1"]']);
      return side.leases.notices(consumer);
    };
  }

  private unlist(): Step {
    const consumer = this.dice.pick(CONSUMERS);
    return (side) => side.group.unlist(STREAMS, consumer);
  }

  private ensureGroup(): Step {
    const kind = this.dice.pick(['r', 'r', 'e'] as const);
    const stream = this.dice.pick(STREAMS);
    const history = this.dice.next() < 0.5;
    return (side) => side.group.ensureGroup(stream, kind, history, { consumer: 'one' });
  }

  private clean(): Step {
    const stream = this.dice.pick(STREAMS);
    const kind = this.dice.pick(['r', 'e'] as const);
    const limits = { groupTtl: LIFE, count: undefined, age: undefined, page: 100, trim: 10_000 };
    return async (side) => {
      await side.group.clean(stream, kind, limits);
      const { idle } = await side.group.clean(stream, kind, limits);
      return idle;
    };
  }

  private sweep(): Step {
    const stream = this.dice.pick(STREAMS);
    return (side) => side.starts.sweep(stream);
  }
}

const announcements = [
  { pattern: 'prices', once: false, packs: true },
  { pattern: 'places', once: true, spread: 2 },
  { pattern: STREAMS[0] as string, hears: true, packs: true, once: false },
];

/** What the letters of a pack are noted under. */
const noteOf = ({ shared }: Added, id: string): string => (shared ? `${id} ${GROUP}` : id);

const owner = (consumer: string) => ({ consumer, token: `token of ${consumer}` });
