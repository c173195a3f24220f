// What a run left in Redis.
import { eventually, now } from '../kit/time.mjs';

/** Key of the effects that handlers had; see processes/inbox.mjs. */
const EFFECTS = 'effects:effects';

/** Waits until Redis holds nothing of the calls any more, and notes what it holds then. */
export async function quiet({ redis, plan, log, within }) {
  const began = now();
  await eventually(async () => isQuiet(await streams(redis.admin, plan.prefix)), within, 250);
  log.write({
    k: 'quiet',
    waited: now() - began,
    streams: await streams(redis.admin, plan.prefix),
    keys: await keys(redis.admin),
    dead: await deadLetters(redis.admin, plan.prefix),
    effects: await repeatedEffects(redis.admin),
    t: now(),
  });
}

/** After everybody has left. */
export async function abandoned({ redis, log }) {
  log.write({ k: 'left', keys: await keys(redis.admin), t: now() });
}

const isQuiet = (found) =>
  found.every(({ length, pending, dead }) => length === 0 && pending === 0 && dead === 0);

async function streams(redis, prefix) {
  const names = (await redis.keys(`{${prefix}}:s:*`)).sort();
  return Promise.all(names.map((name) => stream(redis, prefix, name)));
}

async function stream(redis, prefix, name) {
  const found = { name, length: await redis.xlen(name), pending: 0, consumers: 0, dead: 0 };
  const groups = await redis.xinfo('GROUPS', name).catch(() => []);
  for (const group of groups.map(fields)) {
    found.pending += group.pending;
    const consumers = await redis.xinfo('CONSUMERS', name, group.name);
    for (const consumer of consumers.map(fields)) {
      const lease = await redis.get(`{${prefix}}:lease:${consumer.name}`);
      found.consumers++;
      if (lease === null || lease === '+') found.dead++;
    }
  }
  return found;
}

async function keys(redis) {
  const found = [];
  for (const key of (await redis.keys('*')).sort()) {
    found.push({ key, ttl: await redis.pttl(key) });
  }
  return found;
}

async function deadLetters(redis, prefix) {
  const letters = [];
  for (const key of await redis.keys(`{${prefix}}:dead:*`)) {
    for (const [, list] of await redis.xrange(key, '-', '+')) letters.push(fields(list));
  }
  return letters.map(({ reason, deliveries, d }) => ({
    reason,
    deliveries: Number(deliveries),
    tag: /"id":"([^"]+)"/.exec(d ?? '')?.[1] ?? /tag-\d+/.exec(d ?? '')?.[0],
  }));
}

/** Effects that handlers had, and those that they had more than once. */
async function repeatedEffects(redis) {
  const all = await redis.hgetall(EFFECTS);
  const counts = Object.entries(all);
  return { count: counts.length, repeated: counts.filter(([, n]) => n !== '1').map(([id]) => id) };
}

const fields = (list) => {
  const found = {};
  for (let i = 0; i < list.length; i += 2) found[list[i]] = list[i + 1];
  return found;
};
