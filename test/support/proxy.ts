import { onTestFinished } from 'vitest';
import { Random } from '../../tools/random.js';
import { Proxy } from '../../tools/tcp-proxy/proxy.js';
import type { Address, Place } from './place.js';

/** A proxy to a Redis, and its address; it closes when the test ends. Its chance is the same in every run. */
export async function proxyTo(redisUrl: string): Promise<{ proxy: Proxy; url: string }> {
  const { hostname: host, port } = new URL(redisUrl);
  const proxy = new Proxy({ host, port: Number(port || 6379), random: new Random(1) });
  onTestFinished(() => proxy.close());
  return { proxy, url: `redis://127.0.0.1:${await proxy.listen('test')}` };
}

/** A proxy to the server that has the keys of a place, and the options that lead through it. */
export async function proxyIn(place: Place): Promise<{ proxy: Proxy; through: Address }> {
  const { proxy, url } = await proxyTo(place.url);
  const { address } = place;
  if (address.cluster === undefined) return { proxy, through: { ...address, url } };
  const { host } = new URL(place.url);
  const natMap = { [host]: { host: '127.0.0.1', port: Number(new URL(url).port) } };
  return { proxy, through: { ...address, cluster: { ...address.cluster, options: { natMap } } } };
}
