import type { Finding } from './finding.js';
import type { ServerFacts } from './servers.js';

/** Milliseconds by which clocks may differ before somebody is told. */
const CLOCK = 1000;

/** What is wrong with the servers. */
export function judgeServers(servers: readonly ServerFacts[]): Finding[] {
  const findings = servers.flatMap((server) => {
    const about = `server on port ${server.port ?? '?'}`;
    return [
      ...judgeMemory(server, about),
      ...judgeSafety(server, about),
      ...judgeUse(server, about),
    ];
  });
  const versions = [...new Set(servers.map(({ version }) => version))];
  if (versions.length > 1) {
    findings.push({
      ...{ severity: 'note', code: 'MIXED_SERVERS', about: 'servers' },
      found: `they have different versions: ${versions.join(', ')}`,
      advice: 'finish the upgrade of the servers',
    });
  }
  return findings;
}

function judgeMemory(server: ServerFacts, about: string): Finding[] {
  const findings: Finding[] = [];
  const { evictionPolicy, evictedKeys = 0, usedMemory = 0, maxMemory } = server;
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    findings.push({
      ...{ severity: 'error', code: 'EVICTION', about },
      found: `maxmemory-policy is ${evictionPolicy}: Redis may delete streams, leases and replies`,
      advice: 'set maxmemory-policy noeviction, or use a Redis of its own',
    });
  }
  if (evictedKeys > 0) {
    findings.push({
      ...{ severity: 'warning', code: 'EVICTED', about },
      found: `${evictedKeys} keys were evicted since it was started`,
      advice: 'calls and events may be lost; set noeviction, and look for what is missing',
    });
  }
  if (maxMemory === 0) {
    findings.push({
      ...{ severity: 'note', code: 'NO_MEMORY_LIMIT', about },
      found: 'maxmemory is not set: a backlog grows until the system ends Redis',
      advice:
        'set maxmemory below what the machine has; calls are refused then, and nothing is lost',
    });
  } else if (maxMemory !== undefined && usedMemory > maxMemory * 0.8) {
    const share = Math.round((usedMemory / maxMemory) * 100);
    findings.push({
      ...{ severity: share >= 95 ? 'error' : 'warning', code: 'MEMORY', about },
      found: `${share} % of maxmemory are used`,
      advice: 'look at the backlog (top --once), and at dead letters; give it more memory',
    });
  }
  return findings;
}

function judgeSafety(server: ServerFacts, about: string): Finding[] {
  const findings: Finding[] = [];
  if (server.role !== 'master' && server.role !== '?') {
    findings.push({
      ...{ severity: 'error', code: 'NOT_MASTER', about },
      found: `its role is ${server.role}`,
      advice: 'connect to the master, or through Sentinel',
    });
  }
  if (server.aof === false) {
    findings.push({
      ...{ severity: 'warning', code: 'NO_PERSISTENCE', about },
      found: 'appendonly is off: a restart loses what came after the last snapshot',
      advice: 'set appendonly yes, with appendfsync everysec or always',
    });
  }
  if (!server.persisted) {
    findings.push({
      ...{ severity: 'error', code: 'PERSISTENCE_FAILS', about },
      found: 'its last snapshot or write of the append-only file failed',
      advice: 'look into its log, and at its disk',
    });
  }
  if (server.role === 'master' && server.replicas === 0) {
    findings.push({
      ...{ severity: 'note', code: 'NO_REPLICA', about },
      found: 'it has no replica: everything stands still while it is down',
      advice: 'give it a replica, with Sentinel or in a Cluster (docs/scaling.md)',
    });
  }
  const [, major = '0'] = /(\d+)\./.exec(server.version) ?? [];
  if (server.version !== 'Redis ?' && Number(major) < 7) {
    findings.push({
      ...{ severity: 'error', code: 'OLD_SERVER', about },
      found: `it is ${server.version}`,
      advice: 'the library needs Redis 7 or Valkey: upgrade it',
    });
  }
  return findings;
}

function judgeUse({ clients, maxClients, ...server }: ServerFacts, about: string): Finding[] {
  const findings: Finding[] = [];
  const { rejectedConnections = 0, clockAhead } = server;
  if (clients !== undefined && maxClients !== undefined && clients > maxClients * 0.8) {
    findings.push({
      ...{ severity: 'warning', code: 'CONNECTIONS', about },
      found: `${clients} of ${maxClients} connections (maxclients) are used`,
      advice: 'raise maxclients, or look for clients that are made anew for each call',
    });
  } else if (rejectedConnections > 0) {
    findings.push({
      ...{ severity: 'note', code: 'CONNECTIONS', about },
      found: `it has refused ${rejectedConnections} connections since it was started`,
      advice: 'compare maxclients with what services and clients need (docs/scaling.md)',
    });
  }
  if (Math.abs(clockAhead) > CLOCK) {
    findings.push({
      ...{ severity: 'note', code: 'CLOCK', about },
      found: `its clock is ${clockAhead} ms ahead of the one here`,
      advice: 'deadlines hold all the same, but times in logs do not fit: look at NTP',
    });
  }
  return findings;
}
