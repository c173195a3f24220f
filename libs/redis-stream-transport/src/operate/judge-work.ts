import type { GroupBacklog, StreamBacklog } from './backlog.js';
import type { Finding } from './finding.js';
import type { PausedPattern } from './paused.js';
import type { Overview } from './read-overview.js';
import type { LiveInstance } from './services.js';
import { serviceOf } from './stream-reader.js';

/** Milliseconds after which an entry should have been handled. */
const LATE = 60_000;
/** Milliseconds after which an entry that is due should have been added to its stream. */
const OVERDUE = 5000;
/** `maxBacklog` of a client, unless it is given. */
const FULL = 1_000_000;
/** Retries of a group in one shard at which an instance may hold 1,000 of them, and reads no more then: they are an estimate. */
const MANY_RETRIES = 900;
/** Milliseconds after which a group that nobody reads is no rolling update any more. */
const ABANDONED = 86_400_000;
const FASTER = 'add instances or concurrency, or find out what is slow (pending)';

/** What is wrong with streams, services and their instances. */
export function judgeWork({ services, backlog }: Overview): Finding[] {
  const findings = [...backlog.streams.flatMap(judgeStream), ...judgeRetries(backlog.streams)];
  for (const { service, instances, paused } of services) {
    findings.push(...judgeVersions(service, instances), ...judgePauses(service, paused, instances));
    for (const { name, listens } of instances) {
      if (listens !== false) continue;
      findings.push({
        ...{ severity: 'warning', code: 'DEAF_INSTANCE', about: `${service} ${name}` },
        found: 'it renews its lease, but one of its connections for messages is down',
        advice: 'it misses cancellations until it has connected; look into its log',
      });
    }
  }
  for (const [service, count] of Object.entries(backlog.deadLetters)) {
    findings.push({
      ...{ severity: 'warning', code: 'DEAD_LETTERS', about: service },
      found: `dead letters: ${count}`,
      advice: `dead list --summary --service ${service}; then replay or discard them`,
    });
  }
  return findings;
}

/** What instances of one service should have in common. */
function judgeVersions(service: string, instances: readonly LiveInstance[]): Finding[] {
  const versions = [
    ...new Set(instances.map(({ facts }) => facts?.library ?? 'one that does not say')),
  ];
  const mixed = versions.filter((one) =>
    versions.some((other) => other !== one && languageOf(other) === languageOf(one)),
  );
  if (mixed.length === 0) return [];
  return [
    {
      ...{ severity: 'note', code: 'MIXED_LIBRARIES', about: service },
      found: `its instances have different versions of the library: ${mixed.toSorted().join(', ')}`,
      advice: 'fine during a deployment; afterwards look for instances that were left (services)',
    },
  ];
}

/** Of a version such as `python 0.1.0`; that for Node.js has its number alone. Languages may well be mixed. */
const languageOf = (library: string): string => /^[a-z]+(?= \d|$)/.exec(library)?.[0] ?? '';

/** What somebody has paused, and may have forgotten. */
function judgePauses(
  service: string,
  paused: readonly PausedPattern[],
  instances: readonly LiveInstance[],
): Finding[] {
  const findings = paused.map(({ pattern, refuses, reason }): Finding => {
    const calls = refuses ? 'calls are refused' : 'calls and events wait';
    return {
      ...{ severity: 'warning', code: 'PAUSED', about: `${pattern}, ${service}` },
      found: `it is paused: ${calls}${reason === '' ? '' : `; ${reason}`}`,
      advice: `when it may go on: resume ${pattern} --service ${service}`,
    };
  });
  for (const { name, paused: own } of instances) {
    if (own === undefined) continue;
    findings.push({
      ...{ severity: 'warning', code: 'PAUSED', about: `${service} ${name}` },
      found: `the instance takes nothing new${own.reason === '' ? '' : `; ${own.reason}`}`,
      advice: `end it, or: resume --instance ${name}`,
    });
  }
  return findings;
}

/** Groups of which an instance may read no more. How many of the retries each instance holds Redis does not know. */
function judgeRetries(streams: readonly StreamBacklog[]): Finding[] {
  const sums = new Map<
    string,
    { group: string; retries: number; unread: number; instances: number }
  >();
  for (const { shard, groups } of streams) {
    for (const { group, retries, unread, instances } of groups) {
      const key = `${shard} ${group}`;
      const sum = sums.get(key) ?? { group, retries: 0, unread: 0, instances };
      sums.set(key, sum);
      sum.retries += retries;
      sum.unread += unread;
    }
  }
  return [...sums.values()]
    .filter(({ retries, instances }) => instances > 0 && retries >= MANY_RETRIES)
    .map(({ group, retries, unread }) => ({
      severity: 'warning',
      code: 'RETRIES_FULL',
      about: group,
      found: `${retries} wait for another attempt, ${unread} are unread; an instance that holds 1,000 of these retries reads no more`,
      advice:
        'find out what fails (pending); what cannot succeed soon should become a dead letter; or add instances',
    }));
}

function judgeStream(backlog: StreamBacklog): Finding[] {
  const { stream, length, groups } = backlog;
  const findings = groups.flatMap((group) => judgeGroup(stream, group)).concat(judgeDue(backlog));
  if (groups.length === 0 && length > 0) {
    findings.push({
      ...{ severity: 'warning', code: 'UNREAD_STREAM', about: stream },
      found: `no service has ever read it; entries: ${length}`,
      advice: 'start the service, mend the pattern of the sender, or delete the stream',
    });
  }
  if (length > FULL / 2) {
    findings.push({
      ...{ severity: length >= FULL ? 'error' : 'warning', code: 'BACKLOG', about: stream },
      found: `entries: ${length}; at maxBacklog (1,000,000 unless set) senders are refused`,
      advice: 'add instances, or find out what is slow (pending)',
    });
  }
  return findings;
}

/** What is due, and should have been added to its stream. */
function judgeDue({ stream, scheduled, overdueFor = 0, groups }: StreamBacklog): Finding[] {
  if (overdueFor < OVERDUE) return [];
  const lives = groups.some(({ instances }) => instances > 0);
  const found = `entries that are due later: ${scheduled}; the first has been due for ${Math.round(overdueFor / 1000)} s`;
  return [
    lives
      ? {
          ...{ severity: 'warning', code: 'OVERDUE', about: stream },
          found: `${found}, and the instances that live have not added it`,
          advice:
            'search their logs for SCHEDULED_STUCK and SCHEDULED_UNSEEN; those of earlier releases add nothing',
        }
      : {
          ...{ severity: 'error', code: 'OVERDUE', about: stream },
          found: `${found}, and no instance lives that adds it`,
          advice: 'start the service; or take back what must not run any more (scheduled cancel)',
        },
  ];
}

function judgeGroup(stream: string, group: GroupBacklog): Finding[] {
  const { instances, unread, pending, retries, running, oldestFor = 0 } = group;
  const about = `${stream}, ${group.group}`;
  const left = unread + pending + running;
  if (instances > 0) {
    if (oldestFor < LATE || left <= retries) return [];
    return [
      {
        ...{ severity: 'warning', code: 'BEHIND', about },
        found: `the oldest entry waits for ${Math.round(oldestFor / 1000)} s; ${left} are left`,
        advice: /\|\d+$/.test(stream)
          ? `${FASTER}; only instances with "priorities" read the streams of classes`
          : FASTER,
      },
    ];
  }
  const isBroadcast = serviceOf(group.group) !== group.group;
  if (left > 0 && !isBroadcast) {
    return [
      {
        ...{ severity: 'error', code: 'NO_INSTANCE', about },
        found: `${unread} unread, ${pending} pending, and no instance lives`,
        advice: 'start the service; if it is gone for good: XGROUP DESTROY',
      },
    ];
  }
  if (oldestFor < ABANDONED && !isBroadcast) return [];
  return [
    {
      ...{ severity: 'note', code: 'ABANDONED_GROUP', about },
      found:
        'nobody reads for this group any more; it keeps events from being removed, and their pattern from having classes',
      advice: 'instances of the library remove it after groupTtl; or XGROUP DESTROY',
    },
  ];
}
