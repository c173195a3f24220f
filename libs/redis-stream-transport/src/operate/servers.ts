import { numberOf, textOr } from '../redis/answer.js';
import type { Link } from '../redis/link.js';
import { inParts, timeOfServer, unlessRefused, type Place } from './place.js';

/** What a server of Redis says about itself; numbers are undefined where it does not say. */
export interface ServerFacts {
  /** Such as `Redis 7.2.5`. */
  readonly version: string;
  /** Its port: the address by which it was reached need not be its own. */
  readonly port: number | undefined;
  readonly role: string;
  readonly replicas: number | undefined;
  readonly evictionPolicy: string | undefined;
  readonly evictedKeys: number | undefined;
  /** Bytes. */
  readonly usedMemory: number | undefined;
  /** Bytes; 0: no limit. */
  readonly maxMemory: number | undefined;
  readonly aof: boolean | undefined;
  /** Whether the last write of a snapshot and of the append-only file went well. */
  readonly persisted: boolean;
  readonly clients: number | undefined;
  readonly maxClients: number | undefined;
  readonly rejectedConnections: number | undefined;
  /** Milliseconds by which its clock is ahead of that of this process, as well as that can be told. */
  readonly clockAhead: number;
  /** Milliseconds from a question to its answer, the shortest of five. */
  readonly roundTrip: number;
}

/** What the servers of a place say about themselves. */
export function factsOfServers({ servers }: Place): Promise<ServerFacts[]> {
  return inParts(servers, factsOf);
}

async function factsOf(link: Link): Promise<ServerFacts> {
  const { roundTrip, clockAhead } = await measured(link);
  const info = new Map<string, string>();
  const sections = ['server', 'memory', 'persistence', 'replication', 'clients', 'stats'];
  for (const section of sections) {
    const text = textOr(await unlessRefused(link.command('info', [section]), ''), '');
    for (const [, name = '', value = ''] of text.matchAll(/^(\w+):(.*?)\r?$/gm)) {
      info.set(name, value);
    }
  }
  const number = (name: string): number | undefined => {
    const text = info.get(name);
    return text === undefined ? undefined : numberOf(text);
  };
  const valkey = info.get('valkey_version');
  const failed = ['rdb_last_bgsave_status', 'aof_last_write_status', 'aof_last_bgrewrite_status'];
  return {
    version:
      valkey === undefined ? `Redis ${info.get('redis_version') ?? '?'}` : `Valkey ${valkey}`,
    port: number('tcp_port'),
    role: info.get('role') ?? '?',
    replicas: number('connected_slaves'),
    evictionPolicy: info.get('maxmemory_policy'),
    evictedKeys: number('evicted_keys'),
    usedMemory: number('used_memory'),
    maxMemory: number('maxmemory'),
    aof: info.has('aof_enabled') ? info.get('aof_enabled') === '1' : undefined,
    persisted: failed.every((name) => (info.get(name) ?? 'ok') === 'ok'),
    clients: number('connected_clients'),
    maxClients: number('maxclients'),
    rejectedConnections: number('rejected_connections'),
    clockAhead,
    roundTrip,
  };
}

/** The clock is compared at the middle of the shortest round trip. */
async function measured(link: Link): Promise<{ roundTrip: number; clockAhead: number }> {
  let roundTrip = Number.POSITIVE_INFINITY;
  let clockAhead = 0;
  for (let i = 0; i < 5; i++) {
    const [sent, wall] = [performance.now(), Date.now()];
    const theirs = await timeOfServer(link);
    const took = performance.now() - sent;
    if (took >= roundTrip) continue;
    roundTrip = took;
    clockAhead = Math.round(theirs - (wall + took / 2));
  }
  return { roundTrip: Math.round(roundTrip * 100) / 100, clockAhead };
}
