import { setTimeout as pause } from 'node:timers/promises';
import { listOf, numberOf, textOr } from '../redis/answer.js';
import { statisticsIn } from './instance-statistics.js';
import {
  inParts,
  timeOfServer,
  unlessRefused,
  withPlace,
  type Place,
  type Whereabouts,
} from './place.js';
import { livingMembers } from './read-services.js';
import { scanKeys } from './scanned-keys.js';
import type { ShardConnection } from './shard-connection.js';
import type { InstanceStatistics, Statistics } from './statistics.js';

/** Milliseconds: what was said is shown for so long although it was not said again. */
const OLD = 10_000;
/** Longest pause between two looks for answers, in milliseconds; it doubles from 2. */
const LONGEST_PAUSE = 50;
/** Instances that are asked, and characters of their answers that one look reads, at most. */
const MOST_INSTANCES = 1000;
const MOST_TEXT = 16_777_216;
/** Answers that one command reads: each may have 256 KiB. */
const TOGETHER = 8;

export interface StatisticsOptions {
  /** Asks only this service. */
  readonly service?: string;
  /** Asks these services, which are known already: so they need not be searched for. Default: all that there are. */
  readonly services?: readonly string[];
  /** Milliseconds that it waits for instances which do not answer. Default: 500. */
  readonly patience?: number;
  /**
   * Milliseconds: who has answered anybody so lately is not asked again. So several who look at once cost no more than one.
   * Default: 1,000.
   */
  readonly fresh?: number;
}

/**
 * Asks the instances of services what they have done: all services, with contracts or without. Each answers twice a second
 * at most, and through Redis, where the answer stands for a minute.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readStatistics(
  options?: Whereabouts,
  { service, services: known, ...how }: StatisticsOptions = {},
): Promise<Statistics> {
  return withPlace(options, async (place) => {
    const found =
      known ?? (await scanKeys(place, ['members'])).of('members').map(({ name }) => name);
    const services = [...new Set(found)].filter((one) => service === undefined || one === service);
    return statisticsOf(place, services, how);
  });
}

/** An instance, and what it said last. */
interface Asked {
  readonly service: string;
  readonly consumer: string;
  said: InstanceStatistics | undefined;
}

/** The same in a place that is open, of services that are known. Instances answer in the first shard. */
export async function statisticsOf(
  { shards }: Place,
  services: readonly string[],
  { patience = 500, fresh = 1000 }: Omit<StatisticsOptions, 'service' | 'services'> = {},
): Promise<Statistics> {
  const [shard] = shards;
  if (shard === undefined) return { instances: [], silent: [] };
  const now = await timeOfServer(shard.link);
  const members = await inParts(services, async (service) => {
    const living = await livingMembers(shard, service, now);
    return living.map(({ member }): Asked => ({ service, consumer: member, said: undefined }));
  });
  const all = members.flat().slice(0, MOST_INSTANCES);
  const room = { left: MOST_TEXT };
  await readAnswers(shard, all, room);
  const isOld = ({ said }: Asked): boolean => said === undefined || said.at < now - fresh;
  const asked = await inParts(all.filter(isOld), async (one) => {
    const inbox = shard.keys.inbox(one.consumer);
    const heard = shard.link.command('spublish', [inbox, 'statistics']);
    return numberOf(await unlessRefused(heard, 0)) > 0 ? one : undefined;
  });
  let open = asked.filter((one) => one !== undefined);
  const until = performance.now() + patience;
  for (let ms = 2; open.length > 0 && performance.now() < until && room.left > 0; ms *= 2) {
    await pause(Math.min(ms, LONGEST_PAUSE));
    await readAnswers(shard, open, room);
    open = open.filter(isOld);
  }
  const instances = all
    .map(({ said }) => said)
    .filter((said) => said !== undefined)
    .filter(({ at }) => at >= now - OLD);
  const heard = new Set(instances.map(({ consumer }) => consumer));
  const silent = all.map(({ consumer }) => consumer).filter((consumer) => !heard.has(consumer));
  return { instances, silent };
}

async function readAnswers(
  { link, keys }: ShardConnection,
  all: readonly Asked[],
  room: { left: number },
): Promise<void> {
  for (const service of new Set(all.map((one) => one.service))) {
    const own = all.filter((one) => one.service === service);
    for (let i = 0; i < own.length && room.left > 0; i += TOGETHER) {
      const some = own.slice(i, i + TOGETHER);
      const names = some.map(({ consumer }) => consumer);
      const answer = link.command('hmget', [keys.statistics(service), ...names]);
      const texts = listOf(await unlessRefused(answer, []), 'HMGET');
      for (const [place, one] of some.entries()) {
        const text = textOr(texts[place], '');
        room.left -= text.length;
        one.said = statisticsIn(text, one) ?? one.said;
      }
    }
  }
}
