import { Option, type Command } from 'commander';
import {
  DeadLetters,
  type DeadLetterEntry,
  type DeadLetterReason,
} from '../../dead-letters/index.js';
import { readDeadLetters } from '../../operate/index.js';
import type { RedisStreamsClientOptions } from '../../options/index.js';
import { thrownText } from '../../thrown.js';
import { Failure } from '../failure.js';
import type { Screen } from '../screen.js';
import { pointInTime, wholeNumber } from '../values.js';
import { servedPlaceOf, type Where } from '../where.js';

const REASONS: readonly DeadLetterReason[] = [
  'untrusted',
  'malformed',
  'version',
  'deliveries',
  'attempts',
  'final',
  'handler',
  'expired',
  'idempotency',
];

/** Which letters are meant. */
export interface LetterOptions extends Where {
  readonly service?: string;
  readonly pattern?: string;
  readonly reason?: DeadLetterReason;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/** Gives a command the options that say which letters are meant. */
export function withFilter(command: Command, limit: number): Command {
  return withService(command)
    .option('--pattern <pattern>', 'those of this pattern')
    .addOption(new Option('--reason <reason>', 'those given up for this').choices(REASONS))
    .option('--since <time>', 'given up then or later: 2h ago, or 2026-01-31T12:00Z', pointInTime)
    .option('--until <time>', 'given up before then', pointInTime)
    .option('--limit <number>', 'so many at most, the oldest first', wholeNumber, limit);
}

export function withService(command: Command): Command {
  return command.option('--service <group>', 'those of this service; default: of all');
}

/** The letters of one service. */
export interface Box {
  readonly service: string;
  readonly letters: DeadLetters;
}

/** A letter, and where it is. */
export interface FoundLetter {
  readonly box: Box;
  readonly letter: DeadLetterEntry;
}

/** Opens the letters of all services, or of the one that is named, for as long as `work` takes. */
export async function withBoxes<T>(
  options: Where & { readonly service?: string },
  screen: Screen,
  work: (boxes: readonly Box[]) => Promise<T>,
): Promise<T> {
  const place = await servedPlaceOf(options, screen.terminal);
  const { service } = options;
  const names =
    service === undefined ? Object.keys(await readDeadLetters(place)).toSorted() : [service];
  const boxes = names.flatMap((group) => boxOf(place, group, screen));
  try {
    return await work(boxes);
  } finally {
    await Promise.all(boxes.map(({ letters }) => letters.close()));
  }
}

/** Keys may have any name; what no service can be called is left out, with a word. */
function boxOf(place: RedisStreamsClientOptions, service: string, screen: Screen): Box[] {
  try {
    return [{ service, letters: new DeadLetters({ ...place, group: service, timeout: 10_000 }) }];
  } catch (error) {
    screen.note(`dead letters of "${service}" are left out: ${thrownText(error)}`);
    return [];
  }
}

/** The letters that fit, read as they are wanted, of one service after the other. */
export async function* lettersIn(
  boxes: readonly Box[],
  { pattern, reason, since, until }: Omit<LetterOptions, 'limit'>,
): AsyncGenerator<FoundLetter, void, undefined> {
  const filter = {
    ...(pattern === undefined ? {} : { pattern }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
  for (const box of boxes) {
    for await (const letter of box.letters.list(filter)) yield { box, letter };
  }
}

/** The letter with an id. @throws Failure if there is none, or more than one */
export async function letterOf(boxes: readonly Box[], id: string): Promise<FoundLetter> {
  const found: FoundLetter[] = [];
  for (const box of boxes) {
    const letter = await box.letters.get(id);
    if (letter !== undefined) found.push({ box, letter });
  }
  const [first, ...others] = found;
  if (first === undefined) throw new Failure(`there is no dead letter ${id}`);
  if (others.length === 0) return first;
  const services = found.map(({ box }) => box.service).join(', ');
  throw new Failure(`several services have a dead letter ${id}: say --service; ${services}`, 2);
}
