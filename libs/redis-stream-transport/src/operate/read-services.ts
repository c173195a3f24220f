import { listOf, numberOf, textsOf } from '../redis/answer.js';
import { factsOf, type InstanceFacts } from './instance-facts.js';
import { processOf } from './process-of.js';
import type { Paused, PausedInstance } from './paused.js';
import { pausedOf } from './read-paused.js';
import {
  inTime,
  timeOfServer,
  unlessRefused,
  withPlace,
  type Place,
  type Whereabouts,
} from './place.js';
import { scanKeys, type FoundKey, type ScannedKeys } from './scanned-keys.js';
import type { AnsweredPattern, LiveInstance, LiveService } from './services.js';
import type { ShardConnection } from './shard-connection.js';
import { TimeLimit } from './time-limit.js';

/** Keys that tell of services. */
export const SERVICE_KEYS = ['members', 'live', 'groups', 'paused'] as const;
/** Members of a group, instances of a pattern, and groups of a stream that are read at most. */
const MOST = 1000;

/**
 * Reads which services there are: their instances, what they answer and hear. Services without contracts too.
 *
 * @param options those of a client
 * @param limit how long it may look, and what it has not looked at by then. Default: no limit
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readServices(
  options?: Whereabouts,
  limit = new TimeLimit(),
): Promise<LiveService[]> {
  return withPlace(options, async (place) =>
    servicesOf(place, await scanKeys(place, SERVICE_KEYS, limit), limit),
  );
}

interface Member {
  readonly shard: number;
  readonly consumer: string;
  readonly leaseFor: number;
  readonly listens: boolean | undefined;
  readonly facts: InstanceFacts | undefined;
}

/** What is gathered of a service, shard by shard. */
class Gathered {
  readonly members: Member[] = [];
  readonly answers = new Map<string, { instances: number; once: boolean }>();
  readonly hears = new Set<string>();
  seenAt: number | undefined;
}

export async function servicesOf(
  place: Place,
  keys: ScannedKeys,
  limit = new TimeLimit(),
): Promise<LiveService[]> {
  const services = new Map<string, Gathered>();
  const of = (name: string): Gathered => {
    const known = services.get(name) ?? new Gathered();
    services.set(name, known);
    return known;
  };
  const times = await Promise.all(place.shards.map(({ link }) => timeOfServer(link)));
  const now = (shard: ShardConnection): number => times[shard.shard] ?? 0;
  await inTime(limit, 'services', keys.of('members'), async (key) => {
    of(key.name).members.push(...(await membersOf(key, now(key.shard))));
  });
  await inTime(limit, 'patterns', keys.of('live'), async (key) => {
    const { name: pattern, shard } = key;
    for (const { member } of await scored(shard, shard.keys.live(pattern), now(shard))) {
      const [group = '', consumer = '', ...flags] = member.split(' ');
      if (consumer === '') continue;
      const { answers } = of(group);
      const { instances = 0, once = false } = answers.get(pattern) ?? {};
      answers.set(pattern, { instances: instances + 1, once: once || flags.includes('once') });
    }
  });
  await inTime(limit, 'streams with groups', keys.of('groups'), async ({ name: stream, shard }) => {
    for (const [group, seenAt, kind] of await registry(shard, stream)) {
      const service = of(group);
      service.seenAt = Math.max(service.seenAt ?? 0, seenAt);
      if (kind === 'e') service.hears.add(stream);
    }
  });
  const paused = await pausedOf(place, keys);
  for (const { service } of paused.patterns) of(service);
  return [...services]
    .map(([service, gathered]) => serviceOf(service, gathered, paused))
    .toSorted((one, other) => (one.service < other.service ? -1 : 1));
}

function serviceOf(
  service: string,
  { members, answers, hears, seenAt }: Gathered,
  { patterns: paused, instances }: Paused,
): LiveService {
  const patterns: AnsweredPattern[] = [...answers].map(([pattern, facts]) =>
    Object.assign({ pattern }, facts),
  );
  return {
    service,
    instances: instancesOf(members).map((one) => {
      const isIt = (each: PausedInstance): boolean =>
        each.service === service && each.instance === one.name;
      return Object.assign({ paused: instances.find(isIt) }, one);
    }),
    answers: patterns.toSorted((one, other) => (one.pattern < other.pattern ? -1 : 1)),
    hears: [...hears].toSorted(),
    paused: paused.filter((one) => one.service === service),
    seenAt,
  };
}

/** Joins the consumers of a process: it has one in each shard, and more if it has several servers. */
function instancesOf(members: readonly Member[]): Omit<LiveInstance, 'paused'>[] {
  const instances = new Map<string, Member[]>();
  const seen = new Map<string, number>();
  for (const member of members.toSorted((one, other) => one.shard - other.shard)) {
    const name = processOf(member.consumer);
    const here = `${member.shard} ${name}`;
    const nth = (seen.get(here) ?? 0) + 1;
    seen.set(here, nth);
    const id = nth === 1 ? name : `${name}#${nth}`;
    instances.set(id, [...(instances.get(id) ?? []), member]);
  }
  return [...instances]
    .map(([name, own]) => ({
      name,
      consumers: own.map(({ consumer }) => consumer),
      leaseFor: Math.min(...own.map(({ leaseFor }) => leaseFor)),
      listens: own.some(({ listens }) => listens === undefined)
        ? undefined
        : own.every(({ listens }) => listens === true),
      facts: own.find(({ facts }) => facts !== undefined)?.facts,
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

async function membersOf({ name: group, shard }: FoundKey, now: number): Promise<Member[]> {
  const members = await livingMembers(shard, group, now);
  const inboxes = members.map(({ member }) => shard.keys.inbox(member));
  const answer =
    inboxes.length === 0
      ? []
      : await unlessRefused(
          shard.link
            .command('pubsub', ['SHARDNUMSUB', ...inboxes])
            .then((said) => listOf(said, 'PUBSUB') as readonly unknown[] | undefined),
          undefined,
        );
  const consumers = members.map(({ member }) => member);
  const facts = await factsOf(shard, group, consumers);
  return members.map(({ member, score }, i) => ({
    shard: shard.shard,
    consumer: member,
    leaseFor: score - now,
    listens: answer === undefined ? undefined : numberOf(answer[2 * i + 1]) > 0,
    facts: facts[i],
  }));
}

/** The consumers of a group whose leases hold, 1,000 at most. @param now Redis' time in milliseconds */
export const livingMembers = (shard: ShardConnection, group: string, now: number) =>
  scored(shard, shard.keys.members(group), now);

/** Members of a sorted set whose score is a time to come; none if it is something else. */
async function scored({ link }: ShardConnection, key: string, now: number) {
  const bounds = [key, String(now), '+inf', 'WITHSCORES', 'LIMIT', '0', String(MOST)];
  const flat = await unlessRefused(
    link.command('zrangebyscore', bounds).then((answer) => textsOf(answer, 'ZRANGEBYSCORE')),
    [],
  );
  const found: { member: string; score: number }[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    found.push({ member: flat[i] ?? '', score: numberOf(flat[i + 1]) });
  }
  return found;
}

/** Groups that are registered at a stream, when each was last seen, and its kind. */
export async function registry(
  { link, keys }: ShardConnection,
  stream: string,
): Promise<(readonly [group: string, seenAt: number, kind: string])[]> {
  const fields = await unlessRefused(
    link
      .command('hscan', [keys.groups(stream), '0', 'COUNT', String(MOST)])
      .then((answer) => textsOf(listOf(answer, 'HSCAN')[1], 'HSCAN')),
    [],
  );
  const found: (readonly [string, number, string])[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, seen, kind] = /^(\d{1,16}) ([re])(?: |$)/.exec(fields[i + 1] ?? '') ?? [];
    if (seen !== undefined && kind !== undefined) found.push([fields[i] ?? '', Number(seen), kind]);
  }
  return found;
}
