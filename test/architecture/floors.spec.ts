import { join, posix } from 'node:path';
import { allows, FLOORS, isBuiltOn, isCore, isProgram, partOf, PROGRAMS } from './floors.js';
import { filesUnder, importsOf, read, SOURCES, withoutComments } from './source-tree.js';

const files = filesUnder(SOURCES);
const floorOf = (part: string) => FLOORS[part]?.floor ?? Number.POSITIVE_INFINITY;

/** What a file imports although its floor may not. */
function violations(file: string, text = read(SOURCES, file)): string[] {
  const part = partOf(file);
  // Extras may have dependencies of their own; public-api.spec.ts holds them off the root.
  const { packages, types } = FLOORS[part] ??
    PROGRAMS[part] ?? { packages: undefined, types: ['ioredis'] };
  return importsOf(text).flatMap(({ specifier, typeOnly }) => {
    if (!specifier.startsWith('.')) {
      const allowed = packages ? allows(packages, specifier) : specifier !== 'ioredis';
      if (allowed || (typeOnly && allows(types, specifier))) return [];
      return [`${file} imports ${specifier}`];
    }
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    const other = partOf(target.replace(/\.js$/, '.ts'));
    if (other === part) return [];
    if (isProgram(other)) return [`${file} imports the program ${other}`];
    if (isProgram(file)) return [];
    if (isBuiltOn(part, other)) return [];
    if (!isCore(other)) return [`${file} imports the extra ${other}`];
    return floorOf(other) <= floorOf(part) ? [] : [`${file} looks up to ${target}`];
  });
}

it.each([
  ['protocol/keys.ts', "import { createHash } from 'node:crypto';"],
  ['options/resolve.ts', "import { Redis } from 'ioredis';"],
  ['protocol/keys.ts', "import type { Link } from '../redis/link.js';"],
  ['redis/link.ts', "import { Subject } from 'rxjs';"],
  ['redis/link.ts', "import { Reader } from '../engine/consumer/intake/reader.js';"],
  ['engine/clock.ts', "import type { Redis } from 'ioredis';"],
  ['engine/consumer/intake/reader.ts', "import { Logger } from '@nestjs/common';"],
  ['engine/consumer/intake/reader.ts', "const nest = await import('../../../nest/server.js');"],
  ['nest/server.ts', "import { Redis } from 'ioredis';"],
  ['nest/server.ts', "import { Module } from '../module/index.js';"],
  ['module/index.ts', "import { metrics } from '../metrics/index.js';"],
  ['metrics/index.ts', "import { contract } from '../contracts/index.js';"],
  ['metrics/index.ts', "import { instrumentRedisStreams } from '../prometheus/index.js';"],
  ['prometheus/index.ts', "import { readBacklog } from '../operate/index.js';"],
  ['dashboard/index.ts', "import { contract } from '../contracts/index.js';"],
  ['operate/index.ts', "import { Dashboard } from '../dashboard/index.js';"],
  ['metrics/index.ts', "import { Redis } from 'ioredis';"],
  ['metrics/index.ts', "import { runCommand } from '../cli/generate.js';"],
  ['nest/server.ts', "import type { Terminal } from '../cli/generate.js';"],
  ['cli/main.ts', "import { Redis } from 'ioredis';"],
  ['errors.ts', "export * from './index.js';"],
])('would see that %s must not have: %s', (file, text) => {
  expect(violations(file, text)).toHaveLength(1);
});

it.each([
  ['options/resolve.ts', "import type { Redis } from 'ioredis'; import '../errors.js';"],
  ['redis/link.ts', "import { Redis } from 'ioredis'; import { Keys } from '../protocol/keys.js';"],
  ['engine/consumer/intake/reader.ts', "import { Broker } from '../../../redis/broker.js';"],
  ['nest/server.ts', "import { Server } from '@nestjs/microservices'; import 'rxjs/operators';"],
  ['cli/main.ts', "import { contract } from '../contracts/index.js'; import 'reflect-metadata';"],
  ['prometheus/index.ts', "import { record } from '../metrics/metrics.js';"],
  ['dashboard/index.ts', "import { diagnose } from '../operate/index.js';"],
  ['metrics/index.ts', "import { Consumer } from '../engine/consumer/consumer.js';"],
])('lets %s have: %s', (file, text) => {
  expect(violations(file, text)).toEqual([]);
});

it('reads imports of every kind', () => {
  const text = `
    import type { A } from 'a'; import { type B } from 'b'; import { type C, c } from 'c';
    import d, { type D } from 'd'; import 'e'; export * from 'f'; export type { G } from 'g';
    const h = await import('h'); let i: import('i').I; import { j } from 'j'; let k: import('j').K;`;
  const found = importsOf(text).map(({ specifier, typeOnly }) => specifier + (typeOnly ? '?' : ''));
  expect(found.sort().join(' ')).toBe('a? b? c d e f g? h i? j');
});

it.each(files)('%s imports only what lies below it', (file) => {
  expect(violations(file)).toEqual([]);
});

it.each(files.filter((file) => floorOf(partOf(file)) === 0))(
  '%s has no clock and no chance',
  (file) => {
    const code = withoutComments(read(SOURCES, file));
    expect(code).not.toMatch(
      /\b(Date\.now|new Date\(\)|performance\.|Math\.random|set(Timeout|Interval|Immediate)|process\.|crypto\.)/,
    );
  },
);

/** Commands whose names are no words of everyday code; others are met by the imports above. */
const COMMANDS =
  /\b(x(ack|add|autoclaim|claim|del|group|info|len|pending|range|read|readgroup|revrange|setid|trim)|evalsha|spublish|ssubscribe|psubscribe|hsetnx|hgetall|hmget|pexpire(at)?|pttl|zadd|zrange|sadd|smembers)\b/i;

it.each(files.filter((file) => isCore(file) && partOf(file) !== 'redis'))(
  '%s names no Redis command',
  (file) => {
    expect(COMMANDS.exec(withoutComments(read(SOURCES, file)))?.[0]).toBeUndefined();
  },
);

it('has a noun for every file', () => {
  const vague = /(^|\/)(utils?|helpers?|types|interfaces|common|misc)(\.ts|\/)/;
  expect(files.filter((file) => vague.test(file))).toEqual([]);
});

it('has every floor, so that no rule is kept by an empty folder', () => {
  const parts = new Set(files.map(partOf));
  expect(Object.keys({ ...FLOORS, ...PROGRAMS }).filter((part) => !parts.has(part))).toEqual([]);
  expect(read(join(SOURCES, 'index.ts'))).not.toBe('');
});
