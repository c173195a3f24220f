import type { Keys } from '../protocol/keys.js';
import type { DeadEntry, Owner } from './settlement.js';

/** Keys and arguments of the script that moves an entry to the dead letters of a service. */
export function deadLetterCall(
  keys: Keys,
  group: string,
  service: string,
  owner: Owner,
  { stream, id, answer, key, drop, kept, fields }: DeadEntry,
): readonly [keys: string[], args: string[]] {
  const lease = keys.lease(owner.consumer);
  return [
    [
      lease,
      keys.stream(stream),
      keys.due(stream),
      keys.dead(service),
      answer === undefined ? lease : keys.log(answer.caller),
      keys.started(stream),
      key === undefined ? lease : keys.idempotency(group, key.pattern, key.key),
    ],
    [
      owner.token,
      group,
      owner.consumer,
      id,
      drop ? '1' : '0',
      answer?.frame ?? '',
      String(answer?.ttlMs ?? 0),
      String(kept),
      ...fields,
    ],
  ];
}
