import { verdictField } from '../../../redis/lua/caller-record.js';
import type { Store } from '../store.js';

/** A numbered batch, and where its caller's record is. */
export interface Numbered {
  readonly record: string;
  readonly incarnation: string;
  readonly epoch: string;
  readonly number: string;
  /** The incarnation that the batch is meant for. */
  readonly meant: string;
}

/** An epoch or a number of a record; -1 for what is none. */
export const numberIn = (text: string | undefined): number =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : -1;

/** Why a batch must not be applied, as the answer says it; undefined: it may. */
export function judged(store: Store, batch: Numbered): string | undefined {
  const [epoch, number] = [Number(batch.epoch), Number(batch.number)];
  const known = store.hash(batch.record);
  const last = numberIn(known.get('q'));
  const current = last < 0 ? -1 : numberIn(known.get('e'));
  const { now } = store;
  if (current === epoch) {
    if (number <= last) {
      const kept = known.get(verdictField(Number(batch.number)));
      const mark = `${batch.number} `;
      return `done ${now} ${kept?.startsWith(mark) === true ? kept.slice(mark.length) : '?'}`;
    }
    return number === last + 1 ? undefined : `gap ${now} ${current} ${last}`;
  }
  if (current > epoch) return `old ${now} ${current} ${last}`;
  if (number !== 1) return `gap ${now} ${current} ${last}`;
  const id = store.field(batch.incarnation, 'id');
  return id === batch.meant ? undefined : `inc ${now} ${id ?? '-'}`;
}

export function remember(store: Store, { record, epoch, number }: Numbered, verdict: string): void {
  store.setField(record, 'e', epoch);
  store.setField(record, 'q', number);
  store.setField(record, verdictField(Number(number)), `${number} ${verdict}`);
}
