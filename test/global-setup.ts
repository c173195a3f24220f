import type { TestProject } from 'vitest/node';
import { startRedis } from '../tools/redis.js';
import { RedisCluster } from '../tools/redis/cluster.js';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
    /** The masters of a Cluster in which services and clients have their place; undefined: they use the one Redis. */
    clusterNodes: OwnedSlots[] | undefined;
  }
}

/** A range of slots, and the master that has it in all tests. */
export interface OwnedSlots {
  readonly from: number;
  readonly to: number;
  readonly host: string;
  readonly port: number;
}

/**
 * One Redis for all test files: each keeps to a key prefix of its own. With `NRS_TEST_CLUSTER=1` there is a Cluster of
 * three masters beside it, for services and clients that do not ask for the one Redis.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);
  const cluster = process.env.NRS_TEST_CLUSTER === '1' ? await RedisCluster.start() : undefined;
  project.provide('clusterNodes', cluster && (await slotsOf(cluster)));
  return async () => {
    await cluster?.stop();
    await redis.stop();
  };
}

async function slotsOf(cluster: RedisCluster): Promise<OwnedSlots[]> {
  const [first] = cluster.nodes;
  const seen = await cluster.seenBy(first!);
  return seen.flatMap(({ port, ranges }) =>
    ranges.map(([from, to]) => ({ from, to, host: '127.0.0.1', port })),
  );
}
