import { worstFirst, type Finding } from './finding.js';
import { judgeContracts } from './judge-contracts.js';
import { judgeKeys } from './judge-keys.js';
import { judgeServers } from './judge-servers.js';
import { judgeWork } from './judge-work.js';
import { withPlace, type Whereabouts } from './place.js';
import { backlogOf } from './read-backlog.js';
import { servicesOf } from './read-services.js';
import { scanKeys } from './scanned-keys.js';
import { factsOfServers } from './servers.js';
import { TimeLimit } from './time-limit.js';

/**
 * Judges a deployment: servers, streams, services, keys, contracts. Changes nothing.
 *
 * @param options those of a client
 * @param given how long it may take; a number: milliseconds. What was not looked at becomes a finding
 * @returns what somebody should look at, the worst first
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function diagnose(
  options?: Whereabouts,
  given: TimeLimit | number = 30_000,
): Promise<Finding[]> {
  const limit = TimeLimit.of(given);
  return withPlace(options, async (place) => {
    const kinds = [
      's',
      'when',
      'later',
      'dead',
      'members',
      'live',
      'groups',
      'due',
      'started',
      'about',
      'paused',
    ] as const;
    const keys = await scanKeys(place, kinds, limit);
    const servers = await factsOfServers(place);
    const services = await servicesOf(place, keys, limit);
    const backlog = await backlogOf(place, keys, limit);
    const overview = { servers, services, backlog, callers: undefined, complete: keys.complete };
    const findings = [
      ...judgeServers(servers),
      ...judgeWork(overview),
      ...(await judgeKeys(place, keys, limit)),
      ...(await judgeContracts(keys, limit)),
    ];
    for (const { what, looked, of = '?' } of limit.unlooked) {
      findings.push({
        ...{ severity: 'warning', code: 'INCOMPLETE', about: what },
        found: `time was up: looked at ${looked} of ${of} within ${limit.milliseconds / 1000} s`,
        advice: 'give it longer (--timeout), or a Redis of its own',
      });
    }
    return worstFirst(findings);
  });
}
