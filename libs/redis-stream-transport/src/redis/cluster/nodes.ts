import { Cluster, type ClusterOptions } from 'ioredis';
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

/** A node as text, to tell nodes apart and to name one. */
export function nameOf({ host, port }: Pick<NodeAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
