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

/**
 * Judges a deployment: servers, streams, services, keys, contracts. Changes nothing.
 *
 * @param options those of a client
 * @param limit milliseconds that the search for keys may take
 * @returns what somebody should look at, the worst first
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function diagnose(options?: Whereabouts, limit = 30_000): Promise<Finding[]> {
  return withPlace(options, async (place) => {
    const kinds = [
      's',
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
    const services = await servicesOf(place, keys);
    const backlog = await backlogOf(place, keys);
    const overview = { servers, services, backlog, callers: undefined, complete: keys.complete };
    const findings = [
      ...judgeServers(servers),
      ...judgeWork(overview),
      ...(await judgeKeys(place, keys)),
      ...(await judgeContracts(keys)),
    ];
    if (!keys.complete) {
      findings.push({
        ...{ severity: 'warning', code: 'INCOMPLETE', about: 'keys' },
        found: `not all keys of the servers were looked at within ${limit / 1000} s`,
        advice: 'give it longer (--limit), or a Redis of its own',
      });
    }
    return worstFirst(findings);
  });
}
