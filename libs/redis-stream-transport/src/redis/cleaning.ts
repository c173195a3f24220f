import { isEntryId } from '../protocol/limits.js';
import { numberOf, textsOf } from './answer.js';

/** What the janitor leaves alone, and how much it looks at in one script. */
export interface CleaningLimits {
  /** Milliseconds after which a group without a live instance no longer holds entries. */
  readonly groupTtl: number;
  /** Handled events to keep. */
  readonly count: number | undefined;
  /** Milliseconds for which handled events are kept. */
  readonly age: number | undefined;
  readonly page: number;
  /** Events that one script removes at once where nothing has to be looked at. */
  readonly trim: number;
}

/** How far a stream has been cleaned: up to which entry ('': from the beginning), and how many stayed. */
export interface CleaningPlace {
  readonly behind: string;
  readonly stayed: number;
}

export interface Cleaned {
  readonly removed: number;
  /** Where to go on, unless everything was looked at. */
  readonly next: CleaningPlace | undefined;
  /** Groups that no longer count. */
  readonly idle: readonly string[];
}

/** Arguments of the janitor script behind group and kind. */
export function cleaningArgs(limits: CleaningLimits, place: CleaningPlace | undefined): string[] {
  const { groupTtl, count, age, page, trim } = limits;
  const numbers = [groupTtl, count ?? -1, age ?? -1, page].map(String);
  return [...numbers, place?.behind ?? '', String(place?.stayed ?? 0), String(trim)];
}

export function readCleaned(answer: unknown): Cleaned {
  const [removed, more, behind, stayed, ...idle] = textsOf(answer, 'janitor');
  const from = isEntryId(behind) ? behind : '';
  const next = more === '1' ? { behind: from, stayed: numberOf(stayed) } : undefined;
  return { removed: numberOf(removed), next, idle };
}
