import { lookup, resolveSrv, type SrvRecord } from 'node:dns';
import { isIP } from 'node:net';
import type { ClusterOptions } from 'ioredis';
import type { NodeAddress } from '../../options/index.js';

/** How many addresses one name may stand for. */
const MOST = 16;

type Finder = Pick<ClusterOptions, 'dnsLookup' | 'resolveSrv' | 'useSRVRecords' | 'redisOptions'>;

/**
 * Where a node is that the user named: with `useSRVRecords` its name stands for several nodes, those of the first
 * priority first.
 */
export async function namedNodes(node: NodeAddress, options: Finder): Promise<NodeAddress[]> {
  if (!options.useSRVRecords || isIP(node.host)) {
    return [await placed(node, options)];
  }
  const resolve = options.resolveSrv ?? resolveSrv;
  const records = await new Promise<readonly SrvRecord[]>((done, failed) => {
    resolve(node.host, (error, found) => (error ? failed(error) : done(found ?? [])));
  });
  const sorted = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  const targets = sorted.slice(0, MOST);
  return Promise.all(
    targets.map(({ name, port }) => placed({ ...node, host: name, port }, options)),
  );
}

/**
 * A node with the address of its host. With the option `dnsLookup` that is what it says; else the socket looks it up. By
 * TLS the certificate is still that of the name, unless the user says which name it has.
 */
export async function placed(node: NodeAddress, options: Finder): Promise<NodeAddress> {
  const host = await addressOf(node.host, options);
  const tls = node.tls ?? options.redisOptions?.tls;
  if (host === node.host || !tls) return { ...node, host };
  const servername = node.tls?.servername ?? options.redisOptions?.tls?.servername ?? node.host;
  return { ...node, host, tls: { ...node.tls, servername } };
}

/** A `Cluster` of ioredis has Node's own `lookup` where the user gave none. */
async function addressOf(host: string, { dnsLookup }: Finder): Promise<string> {
  if (dnsLookup === undefined || dnsLookup === (lookup as unknown) || isIP(host)) return host;
  return new Promise((done, failed) => {
    dnsLookup(host, (error, address) => (error ? failed(error) : done(address)));
  });
}
