import { lookup, resolveSrv, type SrvRecord } from 'node:dns';
import { isIP } from 'node:net';
import type { ClusterOptions } from 'ioredis';
import type { NodeAddress } from '../../options/index.js';

/** How many addresses one name may stand for. */
const MOST = 16;

type Finder = Pick<ClusterOptions, 'dnsLookup' | 'resolveSrv' | 'useSRVRecords'>;

/**
 * Where a node is that the user named: with `useSRVRecords` its name stands for several nodes, those of the first
 * priority first.
 */
export async function namedNodes(node: NodeAddress, options: Finder): Promise<NodeAddress[]> {
  if (!options.useSRVRecords || isIP(node.host)) {
    return [{ ...node, host: await addressOf(node.host, options) }];
  }
  const resolve = options.resolveSrv ?? resolveSrv;
  const records = await new Promise<readonly SrvRecord[]>((done, failed) => {
    resolve(node.host, (error, found) => (error ? failed(error) : done(found ?? [])));
  });
  const sorted = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  const targets = sorted.slice(0, MOST);
  const hosts = await Promise.all(targets.map(({ name }) => addressOf(name, options)));
  return targets.map(({ port }, i) => Object.assign({}, node, { host: hosts[i], port }));
}

/**
 * The address of a host. With the option `dnsLookup` it is what that says; else the socket looks it up. A `Cluster` of
 * ioredis has Node's own `lookup` where the user gave none.
 */
export async function addressOf(host: string, { dnsLookup }: Finder): Promise<string> {
  if (dnsLookup === undefined || dnsLookup === (lookup as unknown) || isIP(host)) return host;
  return new Promise((done, failed) => {
    dnsLookup(host, (error, address) => (error ? failed(error) : done(address)));
  });
}
