// Finds out what a run left in Redis.
import type { Redis } from 'ioredis';
import { lookFor } from '../../tools/wait.js';
import type { History } from '../kit/history.js';
import { now } from '../kit/time.js';
import type { WholePlan } from './plan.js';
import type { Store } from './store.js';

/** Where handlers keep their effects (processes/inbox.ts): in the slot of the run, so that one server has it all. */
export const effectsKey = (prefix: string): string => `effects:{${prefix}}`;

/** What an inspection looks at, and where it notes what it found. */
export interface Inspected {
  readonly redis: Store;
  readonly plan: WholePlan;
  readonly log: History;
}

export interface StreamFound {
  readonly name: string;
  readonly length: number;
  pending: number;
  consumers: number;
  /** Consumers without a lease. */
  dead: number;
}

export interface KeyFound {
  readonly key: string;
  /** Remaining life in milliseconds; -1: no end. */
  readonly ttl: number;
}

export interface LetterFound {
  readonly reason: string | undefined;
  readonly deliveries: number;
  /** The call's id, or the mark of an entry that was written by hand. */
  readonly tag: string | undefined;
}

/** The number of effects that handlers had, and of those that happened more than once. */
export interface EffectsFound {
  readonly count: number;
  readonly repeated: readonly string[];
}

/** Waits until Redis holds nothing of the calls any more, and notes what is left then. */
export async function quiet({ redis, plan, log }: Inspected, within: number): Promise<void> {
  const began = now();
  await lookFor(async () => isQuiet(await streams(redis.admin, plan.prefix)), within, 250);
  log.write({
    k: 'quiet',
    waited: now() - began,
    streams: await streams(redis.admin, plan.prefix),
    keys: await keys(redis.admin),
    dead: await deadLetters(redis.admin, plan.prefix),
    effects: plan.effects
      ? await repeatedEffects(redis.admin, plan.prefix)
      : { count: 0, repeated: [] },
    t: now(),
  });
}

/** Looks after all processes have ended. */
export async function abandoned({ redis, log }: Inspected): Promise<void> {
  log.write({ k: 'left', keys: await keys(redis.admin), t: now() });
}

const isQuiet = (found: readonly StreamFound[]) =>
  found.every(({ length, pending, dead }) => length === 0 && pending === 0 && dead === 0);

async function streams(redis: Redis, prefix: string): Promise<StreamFound[]> {
  const names = (await redis.keys(`${tags(prefix)}:s:*`)).sort();
  return Promise.all(names.map((name) => stream(redis, name)));
}

/** The hash tags of all shards, as a glob. */
export const tags = (prefix: string): string => `{${prefix}*}`;

async function stream(redis: Redis, name: string): Promise<StreamFound> {
  const tag = name.slice(0, name.indexOf('}') + 1);
  const found = { name, length: await redis.xlen(name), pending: 0, consumers: 0, dead: 0 };
  const groups = (await redis.xinfo('GROUPS', name).catch(() => [])) as unknown[][];
  for (const group of groups.map(fields)) {
    found.pending += Number(group.pending);
    const consumers = (await redis.xinfo('CONSUMERS', name, String(group.name))) as unknown[][];
    for (const consumer of consumers.map(fields)) {
      const lease = await redis.get(`${tag}:lease:${String(consumer.name)}`);
      found.consumers++;
      if (lease === null || lease === '+') found.dead++;
    }
  }
  return found;
}

async function keys(redis: Redis): Promise<KeyFound[]> {
  const found: KeyFound[] = [];
  for (const key of (await redis.keys('*')).sort()) {
    found.push({ key, ttl: await redis.pttl(key) });
  }
  return found;
}

async function deadLetters(redis: Redis, prefix: string): Promise<LetterFound[]> {
  const letters: Record<string, string>[] = [];
  for (const key of await redis.keys(`${tags(prefix)}:dead:*`)) {
    for (const [, list] of await redis.xrange(key, '-', '+'))
      letters.push(fields(list) as Record<string, string>);
  }
  return letters.map(({ reason, deliveries, d = '' }) => ({
    reason,
    deliveries: Number(deliveries),
    tag: /"id":"([^"]+)"/.exec(d)?.[1] ?? /tag-\d+/.exec(d)?.[0],
  }));
}

async function repeatedEffects(redis: Redis, prefix: string): Promise<EffectsFound> {
  const all = await redis.hgetall(`${effectsKey(prefix)}:effects`);
  const counts = Object.entries(all);
  return { count: counts.length, repeated: counts.filter(([, n]) => n !== '1').map(([id]) => id) };
}

/** Turns a list of names and values, as Redis answers it, into an object. */
function fields(list: readonly unknown[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (let i = 0; i < list.length; i += 2) found[String(list[i])] = list[i + 1];
  return found;
}
