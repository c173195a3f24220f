import type { NodeAddress } from '../../options/index.js';

/** A node as another node names it. */
export interface NamedNode {
  readonly host: string;
  readonly port: number;
  /** Of a node that was named by TLS: it takes TLS there too. */
  readonly tls?: NodeAddress['tls'];
}

/** A range of slots and its owner, as one node sees it. */
export interface OwnedRange {
  readonly from: number;
  readonly to: number;
  readonly owner: NamedNode;
  /** Of two nodes that claim a slot, the one with the higher epoch has it. */
  readonly epoch: number;
}

/** What one node says about its Cluster. */
export interface NodeView {
  readonly ranges: readonly OwnedRange[];
  /** Those whose master has failed, and no other has taken over. */
  readonly lost: readonly OwnedRange[];
  readonly nodes: readonly NamedNode[];
}

/** How many nodes of one answer are remembered. */
const MOST_NODES = 1000;

/** What CLUSTER NODES says of a master. */
interface MasterLine {
  readonly epoch: number;
  readonly failed: boolean;
}

/**
 * Reads the answers to `CLUSTER SLOTS` and `CLUSTER NODES` (undefined if the user may not ask for it: then all epochs
 * are 0). A range whose master has failed is `lost`.
 *
 * @param asked who answered: a node that does not know its own address names none; asked by TLS it names ports for TLS
 */
export function readView(slots: unknown, lines: unknown, asked: NodeAddress): NodeView {
  const others = tlsOfOthers(asked);
  const masters = typeof lines === 'string' ? mastersOf(lines) : new Map<string, MasterLine>();
  const ranges: OwnedRange[] = [];
  const lost: OwnedRange[] = [];
  const nodes = new Map<string, NamedNode>();
  for (const row of Array.isArray(slots) ? (slots as unknown[]) : []) {
    const [from, to, ...members] = Array.isArray(row) ? (row as unknown[]) : [];
    for (const [i, member] of members.entries()) {
      const [host, port, id] = Array.isArray(member) ? (member as unknown[]) : [];
      const node = { ...(isHost(host) ? { host, ...others } : hostOf(asked)), port: Number(port) };
      if (!Number.isInteger(node.port) || node.port < 1) continue;
      if (nodes.size < MOST_NODES) nodes.set(`${node.host} ${node.port}`, node);
      const { epoch, failed } = masters.get(String(id)) ?? { epoch: 0, failed: false };
      if (i > 0) continue;
      (failed ? lost : ranges).push({ from: Number(from), to: Number(to), owner: node, epoch });
    }
  }
  return { ranges, lost, nodes: [...nodes.values()] };
}

/** NULL, '' or '?': the same host as the one that was asked (`cluster-preferred-endpoint-type`). */
function isHost(host: unknown): host is string {
  return typeof host === 'string' && host !== '' && host !== '?';
}

const hostOf = ({ host, tls }: NodeAddress): Pick<NamedNode, 'host' | 'tls'> =>
  tls ? { host, tls } : { host };

/** A server name is that of one host. */
function tlsOfOthers({ tls }: NodeAddress): Pick<NamedNode, 'tls'> {
  if (!tls) return {};
  const { servername: _, ...others } = tls;
  return { tls: others };
}

/** `id address flags master ping pong epoch link …` in each line. */
function mastersOf(lines: string): Map<string, MasterLine> {
  const masters = new Map<string, MasterLine>();
  for (const line of lines.split('\n')) {
    const [id = '', , flags = '', , , , epoch] = line.split(' ');
    const is = flags.split(',');
    if (is.includes('master'))
      masters.set(id, { epoch: Number(epoch) || 0, failed: is.includes('fail') });
  }
  return masters;
}
