import { onTestFinished } from 'vitest';
import { Random } from '../../tools/random.js';
import { Proxy } from '../../tools/tcp-proxy/proxy.js';

/** A proxy to a Redis, and its address; it closes when the test ends. Its chance is the same in every run. */
export async function proxyTo(redisUrl: string): Promise<{ proxy: Proxy; url: string }> {
  const { hostname: host, port } = new URL(redisUrl);
  const proxy = new Proxy({ host, port: Number(port || 6379), random: new Random(1) });
  onTestFinished(() => proxy.close());
  return { proxy, url: `redis://127.0.0.1:${await proxy.listen('test')}` };
}
