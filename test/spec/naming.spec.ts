import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../tools/repository.js';
import { digestOf } from '../../libs/redis-stream-transport/src/engine/consumer/run/keyed-results.js';
import { UNREAD } from '../../libs/redis-stream-transport/src/protocol/header.js';
import { Keys, shardOf } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import {
  classStreams,
  ownStreamOf,
} from '../../libs/redis-stream-transport/src/protocol/priority.js';
import { patternText } from '../../libs/redis-stream-transport/src/protocol/pattern.js';
import { tagNumbers } from '../../libs/redis-stream-transport/src/protocol/shard-tags.js';
import {
  spreadStreams,
  usedStreams,
} from '../../libs/redis-stream-transport/src/protocol/spread.js';
import { vectorsOf } from './vectors.js';

test.each(vectorsOf<{ pattern: unknown; text: string }>('patterns.json'))(
  'the pattern $text',
  ({ pattern, text }) => {
    expect(patternText(pattern)).toBe(text);
  },
);

test.each(vectorsOf<{ stream: string; shards: number; shard: number }>('shards.json'))(
  'the shard of $stream among $shards',
  ({ stream, shards, shard }) => {
    expect(shardOf(stream, shards)).toBe(shard);
  },
);

test.each(vectorsOf<{ prefix: string; shards: number; numbers: number[] }>('tags.json'))(
  'the tags of $shards shards of $prefix',
  ({ prefix, shards, numbers }) => {
    expect(tagNumbers(prefix, shards)).toEqual(numbers);
  },
);

interface Spread {
  readonly pattern: string;
  readonly shards: number;
  readonly streams: readonly string[];
  readonly spread: number;
  readonly used: readonly string[];
}

test.each(vectorsOf<Spread>('spread.json'))(
  'the streams of $pattern, spread over $spread of $shards',
  ({ pattern, shards, streams, spread, used }) => {
    expect(spreadStreams(pattern, shards)).toEqual(streams);
    expect(usedStreams(pattern, streams, spread)).toEqual(used);
  },
);

test.each(
  vectorsOf<{ pattern: string; shards: number; high: string; low: string }>('classes.json'),
)('the classes of $pattern in $shards shards', ({ pattern, shards, high, low }) => {
  expect(classStreams(pattern, shards)).toEqual({ high, low });
  const streams = [pattern, high, low];
  expect(streams.map((stream) => ownStreamOf(stream, pattern, shards))).toEqual(
    streams.map(() => pattern),
  );
  expect(ownStreamOf(`${low}0`, pattern, shards)).toBe(`${low}0`);
});

interface Named {
  readonly kind: string;
  readonly prefix: string;
  readonly tag: number;
  readonly name: string;
  readonly stream: string;
  readonly pattern: string;
  readonly group: string;
  readonly consumer: string;
  readonly caller: string;
  readonly key: string;
  readonly message: string;
  readonly letter: string;
  readonly service: string;
  readonly digest: string;
}

const KINDS: Readonly<Record<string, (keys: Keys, of: Named) => string>> = {
  stream: (keys, { stream }) => keys.stream(stream),
  groups: (keys, { stream }) => keys.groups(stream),
  due: (keys, { stream }) => keys.due(stream),
  later: (keys, { stream }) => keys.later(stream),
  when: (keys, { stream }) => keys.when(stream),
  sent: (keys, { pattern, message }) => keys.sent(pattern, message),
  part: (keys, { stream }) => keys.part(stream),
  started: (keys, { stream }) => keys.started(stream),
  log: (keys, { caller }) => keys.log(caller),
  caller: (keys, { caller }) => keys.caller(caller),
  incarnation: (keys) => keys.incarnation(),
  live: (keys, { pattern }) => keys.live(pattern),
  hears: (keys, { stream }) => keys.hears(stream),
  members: (keys, { group }) => keys.members(group),
  sockets: (keys, { group }) => keys.sockets(group),
  facts: (keys, { group }) => keys.facts(group),
  stats: (keys, { group }) => keys.statistics(group),
  nudge: (keys, { group }) => keys.nudge(group),
  paused: (keys, { group }) => keys.paused(group),
  dead: (keys, { group }) => keys.dead(group),
  lease: (keys, { consumer }) => keys.lease(consumer),
  left: (keys, { consumer }) => keys.left(consumer),
  inbox: (keys, { consumer }) => keys.inbox(consumer),
  idempotency: (keys, { group, pattern, key }) => keys.idempotency(group, pattern, key),
  seen: (keys, { group, message }) => keys.seen(group, message),
  replayed: (keys, { group, letter }) => keys.replayed(group, letter),
  services: (keys) => keys.services(),
  instances: (keys, { service }) => keys.instances(service),
  about: (keys, { service }) => keys.about(service),
  document: (keys, { digest }) => keys.document(digest),
  streams: (keys) => keys.streams(),
  looked: (keys) => keys.looked(),
  wildcards: (keys) => keys.wildcards(),
  layout: (keys) => keys.layout() ?? '',
  gauges: (keys) => keys.gauges(),
};

/** The keys of the shard that has this number in its tag. */
function keysOf(prefix: string, tag: number): Keys {
  if (tag === 0) return new Keys(prefix, 0, 1);
  for (let shards = 2; shards <= 16; shards++) {
    const shard = tagNumbers(prefix, shards).indexOf(tag);
    if (shard !== -1) return new Keys(prefix, shard, shards);
  }
  throw new Error(`no shard of ${prefix} has the number ${tag}`);
}

test('there are vectors of each key of the protocol', () => {
  const page = readFileSync(join(repository, 'docs/protocol.md'), 'utf8');
  const told = [...page.matchAll(/^\| `\{<prefix>\}:([a-z]+)[:`]/gm)].map(([, word]) => word);
  const known = new Set(
    vectorsOf<Named>('keys.json').map(({ name }) => /^\{.*?\}:([a-z]+)/.exec(name)?.[1]),
  );
  expect(told.length).toBeGreaterThan(20);
  expect(told.filter((word) => !known.has(word))).toEqual([]);
});

test.each(vectorsOf<Named>('keys.json'))('the key $name', (of) => {
  expect(KINDS[of.kind]?.(keysOf(of.prefix, of.tag), of)).toBe(of.name);
});

test.each(vectorsOf<{ text: string; digest: string }>('digests.json'))(
  'the digest $digest',
  ({ text, digest }) => {
    const delivery = { entry: { header: UNREAD, data: text } } as unknown as Parameters<
      typeof digestOf
    >[0];
    expect(digestOf(delivery)).toBe(digest);
  },
);
