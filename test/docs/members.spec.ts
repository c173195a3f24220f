import { ClientRedisStreams, RedisStreamsContext, ServerRedisStreams } from 'nestjs-redis-streams';
import { read } from './documents.js';

// docs/api.md names what users may call; what they may not is marked `@internal` or is Nest's own.

const page = read('docs/api.md');

/** Called by Nest. */
const OTHERS = new Set([
  'constructor',
  'addHandler',
  'dispatchEvent',
  'publish',
  'normalizePattern',
  'setOnProcessingStartHook',
  'setOnProcessingEndHook',
]);

/** Members of a class that its declaration does not hide from users. */
function membersOf(type: { readonly prototype: object }, source: string): string[] {
  const hidden = new Set(
    [
      ...source.matchAll(/^ {2}private (?:readonly |async |get |set )*(\w+)/gm),
      ...source.matchAll(/^ {3}\* @internal.*\n {3}\*\/\n {2}(?:async )?(\w+)/gm),
    ].map(([, name]) => name),
  );
  return Object.getOwnPropertyNames(type.prototype).filter(
    (name) => !hidden.has(name) && !OTHERS.has(name),
  );
}

test.each([
  ['ClientRedisStreams', ClientRedisStreams, 'client-redis-streams.ts'],
  ['ServerRedisStreams', ServerRedisStreams, 'server-redis-streams.ts'],
  ['RedisStreamsContext', RedisStreamsContext, 'redis-streams.context.ts'],
] as const)('the page of members names each of %s', (_name, type, file) => {
  const members = membersOf(type, read(`libs/redis-stream-transport/src/nest/${file}`));
  expect(members.length).toBeGreaterThan(3);
  const missing = members.filter((name) => !new RegExp(`\\b${name}\\b`).test(page));
  expect(missing).toEqual([]);
});
