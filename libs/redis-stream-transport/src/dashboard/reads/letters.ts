import { DeadLetters, type DeadLetterEntry } from '../../dead-letters/index.js';
import { readDeadLetters, readShards } from '../../operate/index.js';
import type { DashboardSettings } from '../dashboard-options.js';
import { Refusal } from '../serve/refusal.js';
import { filterIn, neededText, numberIn, textIn, type Input } from './input.js';

/** Letters of a page. */
const PAGE = 50;
/** Letters that are counted by pattern and reason, of each service. */
const COUNTED = 2000;
/** Milliseconds for which letters are counted: each may have a megabyte. */
const COUNTING = 5000;
/** Characters of the data that a list shows. */
const GLIMPSE = 160;

/** A letter in a list. */
export interface ListedLetter extends Pick<
  DeadLetterEntry,
  | 'id'
  | 'reason'
  | 'error'
  | 'errorName'
  | 'pattern'
  | 'at'
  | 'attempts'
  | 'deliveries'
  | 'replayed'
  | 'replayable'
> {
  readonly glimpse: string | undefined;
}

/** Opens the letters of a service for as long as `work` takes. */
export async function withLetters<T>(
  { place, kept }: DashboardSettings,
  group: string,
  work: (letters: DeadLetters) => Promise<T>,
): Promise<T> {
  const shards = place.shards === undefined ? await readShards(kept) : undefined;
  const letters = new DeadLetters({ ...place, ...(shards === undefined ? {} : { shards }), group });
  try {
    return await work(letters);
  } finally {
    await letters.close();
  }
}

/** How many letters there are: by service, and by pattern and reason of each. */
export async function countLetters(settings: DashboardSettings) {
  const services = Object.entries(await readDeadLetters(settings.kept));
  const counted = [];
  const until = performance.now() + COUNTING;
  for (const [service, count] of services.toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    counted.push({ service, count, ...(await kindsOf(settings, service, until)) });
  }
  return { services: counted };
}

async function kindsOf(settings: DashboardSettings, service: string, until: number) {
  const kinds = new Map<string, { pattern: string; reason: string; count: number; last: number }>();
  let complete = true;
  try {
    await withLetters(settings, service, async (letters) => {
      let n = 0;
      for await (const { pattern, reason, at } of letters.list()) {
        complete = ++n <= COUNTED && performance.now() < until;
        if (!complete) break;
        const name = `${reason} ${pattern}`;
        const kind = kinds.get(name) ?? { pattern, reason, count: 0, last: 0 };
        kinds.set(name, { ...kind, count: kind.count + 1, last: Math.max(kind.last, at) });
      }
    });
  } catch {
    // A key may have any name; what no service can be called has no letters that can be read.
    complete = false;
  }
  const sorted = [...kinds.values()].toSorted((one, other) => other.count - one.count);
  return { kinds: sorted.slice(0, 100), complete: complete && sorted.length <= 100 };
}

/** A page of the letters of a service that fit. */
export async function listLetters(settings: DashboardSettings, input: Input) {
  const after = textIn(input, 'after');
  const limit = Math.min(200, numberIn(input, 'limit') ?? PAGE);
  return withLetters(settings, neededText(input, 'service'), async (letters) => {
    const page = await letters.page(filterIn(input), {
      limit,
      ...(after === undefined ? {} : { after }),
    });
    return {
      letters: page.letters.map((letter) => listed(letter, settings.hidePayloads)),
      next: page.next,
    };
  });
}

function listed(letter: DeadLetterEntry, hidden: boolean): ListedLetter {
  const { id, reason, error, errorName, pattern, at, attempts, deliveries, replayed } = letter;
  const glimpse = hidden ? undefined : letter.text?.slice(0, GLIMPSE);
  const counts = { attempts, deliveries, replayed, replayable: letter.replayable };
  return { id, reason, error, errorName, pattern, at, glimpse, ...counts };
}

/** All of one letter. @throws Refusal if it is not there */
export async function showLetter(settings: DashboardSettings, input: Input) {
  const [service, id] = [neededText(input, 'service'), neededText(input, 'id')];
  const letter = await withLetters(settings, service, (letters) => letters.get(id));
  if (letter === undefined) throw new Refusal(404, 'there is no such dead letter any more');
  // The text says what the data is; both of a megabyte would be two.
  const { data: _data, ...shown } = letter;
  if (!settings.hidePayloads) return { service, ...shown };
  const headers = Object.fromEntries(Object.keys(letter.headers).map((name) => [name, '(hidden)']));
  return { service, ...shown, text: undefined, headers };
}
