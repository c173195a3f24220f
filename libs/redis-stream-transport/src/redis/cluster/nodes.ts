import { Cluster, type ClusterOptions, type RedisOptions } from 'ioredis';
import { readNode, type NodeAddress, type RedisTarget } from '../../options/index.js';

/** A Cluster: nodes that are known from the start, and how they are reached. */
export interface ClusterPlace {
  readonly nodes: readonly NodeAddress[];
  readonly options: Readonly<ClusterOptions>;
  /** Asked for each connection. What it gives is not checked yet. */
  readonly credentials?: (() => unknown) | undefined;
}

const PLACE = { owner: 'client' } as const;

/**
 * The Cluster that a target names, undefined if it names another server. Of an ioredis `Cluster` that the user gave,
 * its options count and the nodes that it knows now: it is never used or closed.
 */
export function clusterOf(target: RedisTarget): ClusterPlace | undefined {
  if (target.kind === 'cluster') return target;
  if (target.kind !== 'client' || !target.client.isCluster) return undefined;
  const client = target.client as Cluster;
  // ioredis keeps what it was given in a private property, and knows nothing else before it connects.
  const { startupNodes } = client as unknown as { startupNodes?: unknown };
  const given = Array.isArray(startupNodes) ? (startupNodes as unknown[]) : [];
  const known = client.nodes('all').map(({ options: { host, port } }) => ({ host, port }));
  const nodes = [...given, ...known].map((node) => readNode(node, 'client', PLACE));
  return { nodes, options: client.options };
}

/** Options for the connection to a node: its own first, but those of TLS add to those of all nodes. */
export function toNode(
  options: ClusterOptions['redisOptions'],
  node: NodeAddress,
): Omit<RedisOptions, 'host' | 'port'> & NodeAddress {
  const both = { ...options, ...node };
  if (options?.tls && node.tls) both.tls = { ...options.tls, ...node.tls };
  return both;
}

/** A node as text, to tell nodes apart and to name one. */
export function nameOf({ host, port }: Pick<NodeAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
