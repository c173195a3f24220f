import { rawEntries } from '../../answer.js';
import type { CallerPlace } from '../place.js';

export interface LogRecord {
  readonly id: string;
  /** Undefined if the record has none: another program wrote it. */
  readonly frame: string | undefined;
  /** The log was made anew with this record. What it held before is gone. */
  readonly birth: boolean;
}

/** Records of the reply log after the id `after`. */
export async function readLog(
  { link, logKey }: CallerPlace,
  after: string,
  count: number,
): Promise<LogRecord[]> {
  const range = [logKey, `(${after}`, '+', 'COUNT', String(count)];
  return rawEntries(await link.command('xrange', range), 'XRANGE').map(toRecord);
}

/** Removes the records of the reply log below an id. */
export async function trimLog({ link, logKey }: CallerPlace, below: string): Promise<void> {
  await link.command('xtrim', [logKey, 'MINID', below]);
}

/** Id of the last record of the reply log; undefined when there is none. */
export async function lastRecord({ link, logKey }: CallerPlace): Promise<string | undefined> {
  const answer = await link.command('xrevrange', [logKey, '+', '-', 'COUNT', '1']);
  return rawEntries(answer, 'XREVRANGE')[0]?.id;
}

/** If a record has a field twice, the first one counts. */
function toRecord({ id, fields }: { id: string; fields: readonly string[] }): LogRecord {
  const at = fields.findIndex((name, i) => i % 2 === 0 && name === 'f');
  const birth = fields.some((name, i) => i % 2 === 0 && name === 'b');
  return { id, frame: at === -1 ? undefined : fields[at + 1], birth };
}
