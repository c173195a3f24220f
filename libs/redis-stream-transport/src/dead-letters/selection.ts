import { RedisStreamsError } from '../errors.js';
import type { DeadLetterEntry, DeadLetterReason } from './letter.js';

/** Which letters are meant: those that fit everything that is given. */
export interface DeadLetterFilter {
  readonly pattern?: string;
  readonly reason?: DeadLetterReason;
  /** Given up at this time or later, in milliseconds since 1970 by Redis' clock. */
  readonly since?: number;
  /** Given up before this time. */
  readonly until?: number;
}

const NAMES = ['pattern', 'reason', 'since', 'until'];

/** A filter, checked: a misspelt name would replay or discard everything. */
export class Selection {
  /** Bounds of the range in a stream of dead letters. */
  readonly from: string;
  readonly to: string;

  /** @throws RedisStreamsError INVALID_OPTION */
  constructor(private readonly filter: DeadLetterFilter) {
    const stray = Object.keys(filter).find((name) => !NAMES.includes(name));
    if (stray !== undefined) {
      throw invalid(`unknown filter "${stray.slice(0, 64)}"; there are ${NAMES.join(', ')}`);
    }
    this.from = time(filter.since, 'since') ?? '-';
    const until = time(filter.until, 'until');
    this.to = until === undefined ? '+' : `(${until}-0`;
  }

  takes({ pattern, reason }: DeadLetterEntry): boolean {
    const { filter } = this;
    if (filter.pattern !== undefined && filter.pattern !== pattern) return false;
    return filter.reason === undefined || filter.reason === reason;
  }
}

/** A bound of how many letters are meant. */
export function limitOf(limit: number, most: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw invalid(`"limit" must be a whole number from 1 to ${most}`);
}

function time(value: number | undefined, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= 0) return String(value);
  throw invalid(`"${name}" must be a time in milliseconds since 1970`);
}

function invalid(message: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_OPTION', `DeadLetters: ${message}`);
}
