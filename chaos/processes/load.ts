// Which calls a caller makes, drawn from the seed.
import type { Random } from '../../tools/random.js';
import { furtherCalls, type Again } from './again.js';

/** A kind of call in the mix of a scenario. */
export interface Kind {
  weight: number;
  pattern: string;
  /** How long the handler takes. */
  ms: [number, number];
  timeout?: number;
  /** Bytes of the request. */
  pad?: number;
  /** Bytes of the reply. */
  reply?: number;
  /** Unsubscribes at once, or after some milliseconds. */
  cancel?: 'same-turn' | [number, number];
  /** What else the handler does. */
  act?: string;
  /** The handler looks at its signal. */
  watch?: boolean;
  /** The reply is a stream of so many values, which waits for its reader. */
  values?: number;
  /** It is due so many milliseconds later. */
  delay?: [number, number];
  /** It is an event, and has no reply. */
  event?: true;
  /** A wildcard stands for it: it goes to `<pattern>.<caller>.<number>`, and after so many of them to a new one. */
  fresh?: number;
  /** It has an idempotency key, which at most so many further calls share. */
  again?: number;
}

/** What a handler is asked to do. */
export interface CallData {
  readonly id: string;
  /** Milliseconds that it takes. */
  readonly ms: number;
  pad?: string;
  /** Bytes of the reply. */
  reply?: number;
  act?: string;
  watch?: boolean;
  /** Of a streamed reply. */
  values?: number;
  /** These are not the data of the first call with the key. */
  other?: boolean;
}

/** A call to be made. */
export interface Wanted {
  /** As the histories name it. */
  readonly id: string;
  readonly pattern: string;
  /** The pattern that it is sent to. */
  readonly to: string;
  readonly data: CallData;
  readonly timeout: number | undefined;
  /** Milliseconds until it is due; undefined: it is at once. */
  readonly delay: number | undefined;
  readonly event: boolean;
  /** Unsubscribes at once, or after this many milliseconds. */
  readonly cancel: 'same-turn' | number | undefined;
  /** Its idempotency key. */
  readonly key?: string;
  /** Further calls with this key. */
  readonly again?: readonly Again[];
}

/** Short calls of the same patterns that break nothing. A stream or a delay would keep the others waiting. */
export const warmMix = (mix: readonly Kind[]): Kind[] =>
  mix
    .filter(({ values, delay, event }) => (values ?? delay ?? event) === undefined)
    // Instances that read many streams have one more connection, from before the first fault on.
    .map(({ pattern, pad, fresh }) => {
      const kind: Kind = { weight: 1, pattern, ms: [0, 20], pad: pad ?? 0 };
      if (fresh) kind.fresh = 1;
      return kind;
    });

/** How many calls are made in one turn each time: sizes as the plan has them, one as often as another. */
export function* burstsOf(sizes: readonly number[], random: Random): Generator<number, never> {
  for (;;) yield random.pick(sizes);
}

export function* callsOf({
  name,
  random,
  mix,
}: {
  name: string;
  random: Random;
  mix: readonly Kind[];
}): Generator<Wanted, never> {
  const sent = new Map<Kind, number>();
  for (let n = 1; ; n++) {
    const kind = random.weighted(mix);
    const data: CallData = { id: `${name}-${n}`, ms: random.int(...kind.ms) };
    if (kind.pad) data.pad = 'x'.repeat(random.int(0, kind.pad));
    if (kind.reply) data.reply = kind.reply;
    if (kind.act) data.act = kind.act;
    if (kind.watch) data.watch = true;
    if (kind.values) data.values = kind.values;
    const cancel = Array.isArray(kind.cancel) ? random.int(...kind.cancel) : kind.cancel;
    const delay = kind.delay && random.int(...kind.delay);
    const event = kind.event === true;
    const { pattern, fresh } = kind;
    const before = sent.get(kind) ?? 0;
    sent.set(kind, before + 1);
    const to = fresh ? `${pattern}.${name}.${Math.floor(before / fresh)}` : pattern;
    const { id } = data;
    const keyed = kind.again ? { key: id, again: furtherCalls(random, kind.again) } : {};
    yield { id, pattern, to, data, timeout: kind.timeout, delay, event, cancel, ...keyed };
  }
}
