// Redis or Valkey, found as the tests find it; one for each peer, so that nobody's keys, memory and
// CPU time are another's.
import { startPrivateRedis } from '../../tools/redis.js';
import { nowMs } from '../harness/clock.js';
import { ioredis } from '../harness/libraries.js';
import type { Broker } from './broker.js';

export async function startRedisServer(args: string[]): Promise<Broker> {
  const server = await startPrivateRedis({ args });
  const admin = new ioredis.Redis(server.url);
  const info = async () => {
    const lines = (await admin.info()).split('\r\n').map((line) => line.split(':'));
    return Object.fromEntries(lines);
  };
  const { redis_version, valkey_version } = await info();
  return {
    url: server.url,
    version: valkey_version ? `Valkey ${valkey_version}` : `Redis ${redis_version}`,
    usage: async () => {
      const { used_cpu_user, used_cpu_sys, used_memory_rss } = await info();
      return {
        cpu: Number(used_cpu_user) + Number(used_cpu_sys),
        at: nowMs(),
        rss: Number(used_memory_rss),
      };
    },
    stop: async () => {
      admin.disconnect();
      await server.stop();
    },
  };
}
