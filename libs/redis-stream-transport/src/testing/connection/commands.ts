import { Refused, type Answer } from '../memory/operation.js';
import type { Store } from '../memory/store.js';
import type { Stream, StreamEntry } from '../memory/stream.js';

/** What operations that are no scripts ask: one command each. */
type Command = (store: Store, args: readonly string[]) => Answer;

function countIn(args: readonly string[]): number | undefined {
  const at = args.indexOf('COUNT');
  return at === -1 ? undefined : Number(args[at + 1]);
}

const rangeOf = (stream: Stream | undefined, args: readonly string[]): readonly StreamEntry[] =>
  stream?.range(args[1] ?? '-', args[2] ?? '+', countIn(args)) ?? [];

/** Commands that one connection can answer without knowing others. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ping: () => 'PONG',
  time: (store) => [String(Math.floor(store.now / 1000)), String((store.now % 1000) * 1000)],
  info: (store, [section]) =>
    section === 'memory'
      ? 'maxmemory_policy:noeviction\r\n'
      : `redis_mode:standalone\r\nrun_id:${store.run}\r\n`,
  script: () => '',
  get: (store, [key = '']) => store.text(key) ?? null,
  pttl: (store, [key = '']) => store.lifeOf(key),
  exists: (store, [key = '']) => (store.has(key) ? 1 : 0),
  hget: (store, [key = '', name = '']) => store.field(key, name) ?? null,
  xinfo: (store, [, key = '']) =>
    [...(store.stream(key)?.groups.keys() ?? [])].map((name) => ['name', name]),
  xpending: (store, [key = '', group = '', id = '']) =>
    store.group(key, group)?.ownerOf(id) === undefined ? [] : [[id]],
  hmget: (store, [key = '', ...names]) => names.map((name) => store.field(key, name) ?? null),
  scan: (store) => ['0', store.keys],
  hscan: (store, [key = '']) => ['0', [...store.hash(key)].flat()],
  zrangebyscore: (store, [key = '', least = '']) =>
    store
      .membersFrom(key, Number(least))
      .flatMap((member) => [member, String(store.scoreOf(key, member))]),
  lrange: (store, [key = '']) => store.list(key),
  xlen: (store, [key = '']) => store.stream(key)?.length ?? 0,
  xrange: (store, args) => rangeOf(store.stream(args[0] ?? ''), args),
  xrevrange: (store, [key = '']) => {
    const youngest = store.stream(key)?.youngest;
    return youngest === undefined ? [] : [youngest];
  },
  xdel: (store, [key = '', ...ids]) =>
    ids.filter((id) => store.stream(key)?.delete(id) === true).length,
  xtrim: (store, [key = '', , id = '']) => store.stream(key)?.trimBelow(id) ?? 0,
  spublish: (store, [channel = '', text = '']) => {
    store.publish(channel, text);
    return 0;
  },
};

/** A read of a group. */
export interface GroupRead {
  readonly group: string;
  readonly consumer: string;
  readonly count: number;
  /** Milliseconds to wait; 0: do not. */
  readonly block: number;
  readonly streams: readonly string[];
}

export function groupReadOf(args: readonly string[]): GroupRead {
  const at = args.indexOf('STREAMS') + 1;
  const block = args.indexOf('BLOCK');
  return {
    group: args[1] ?? '',
    consumer: args[2] ?? '',
    count: countIn(args.slice(0, at)) ?? Number.POSITIVE_INFINITY,
    block: block === -1 || block > at ? 0 : Number(args[block + 1]),
    streams: args.slice(at, at + (args.length - at) / 2),
  };
}

/** What a group was not given yet; null: nothing is there. */
export function readGroup(
  store: Store,
  { group: name, consumer, count, streams }: GroupRead,
): Answer {
  const found: Answer[] = [];
  const groups = streams.map((key) => {
    const group = store.group(key, name);
    if (group !== undefined) return group;
    throw new Refused(
      `NOGROUP No such key '${key}' or consumer group '${name}' in XREADGROUP with GROUP option`,
    );
  });
  for (const [i, key] of streams.entries()) {
    const entries = store.stream(key)?.read(groups[i] as never, consumer, count) ?? [];
    if (entries.length > 0) found.push([key, entries]);
  }
  return found.length === 0 ? null : found;
}
