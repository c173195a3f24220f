import { readJson } from '../protocol/json.js';
import { listOf, textOr } from '../redis/answer.js';
import { unlessRefused } from './place.js';
import type { ShardConnection } from './shard-connection.js';

/** What an instance says about itself in Redis, with its lease. */
export interface InstanceFacts {
  /** Version of this package; before that of another language its name: `python 0.1.0`. */
  readonly library: string;
  /** Version of the protocol. */
  readonly protocol: number | undefined;
  /** Version of Node.js; of another language its name and version. */
  readonly node: string;
  readonly host: string;
  readonly pid: number | undefined;
  /** When its process was started, in milliseconds since 1970 by the clock of its host. */
  readonly startedAt: number | undefined;
  /** Its options of these names; times in milliseconds. */
  readonly concurrency: number | undefined;
  readonly leaseTtl: number | undefined;
  readonly maxDeliveries: number | undefined;
  readonly drainTimeout: number | undefined;
  /** Revision of what is paused that it has applied; '' if nothing is paused. */
  readonly pauseRevision: string | undefined;
}

/** Characters that a fact may have. */
const LONGEST = 2048;

/** What consumers of a group say about themselves, in their order; undefined: nothing, as of earlier versions. */
export async function factsOf(
  { link, keys }: ShardConnection,
  group: string,
  consumers: readonly string[],
): Promise<(InstanceFacts | undefined)[]> {
  if (consumers.length === 0) return [];
  const asked = link.command('hmget', [keys.facts(group), ...consumers]);
  const answer = listOf(await unlessRefused(asked, []), 'HMGET');
  return consumers.map((_, i) => factsIn(textOr(answer[i], '')));
}

/** Anyone may have written it: what is not as expected is left out. */
export function factsIn(text: string): InstanceFacts | undefined {
  if (text === '' || text.length > LONGEST) return undefined;
  const read = readJson(text);
  if (!read.ok || typeof read.value !== 'object' || read.value === null) return undefined;
  const said = read.value as Record<string, unknown>;
  const word = (name: string): string => (typeof said[name] === 'string' ? said[name] : '?');
  const number = (name: string): number | undefined =>
    typeof said[name] === 'number' ? said[name] : undefined;
  return {
    ...{ library: word('library'), protocol: number('protocol'), node: word('node') },
    ...{ host: word('host'), pid: number('pid'), startedAt: number('started') },
    ...{ concurrency: number('concurrency'), leaseTtl: number('leaseTtl') },
    ...{ maxDeliveries: number('maxDeliveries'), drainTimeout: number('drainTimeout') },
    pauseRevision: typeof said['paused'] === 'string' ? said['paused'] : undefined,
  };
}
