import type { Command } from 'commander';
import { RedisStreamsError } from '../../errors.js';
import { thrownText } from '../../thrown.js';
import { confirm } from '../confirm.js';
import { described, type Help } from '../described.js';
import { Failure } from '../failure.js';
import type { Screen } from '../screen.js';
import type { Session } from '../session.js';
import { withWhere } from '../where.js';
import {
  letterOf,
  lettersIn,
  withBoxes,
  withFilter,
  type Box,
  type LetterOptions,
} from './letters.js';

/** Letters that are changed at once. */
const WIDTH = 16;

interface ChangeOptions extends LetterOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

interface Named {
  readonly box: Box;
  readonly id: string;
}

/** What is done to a letter. */
interface Change {
  readonly name: string;
  readonly done: 'replayed' | 'discarded';
  /** @returns false if it was not there any more */
  readonly make: (letter: Named) => Promise<boolean>;
}

const REPLAY: Change = {
  name: 'replay',
  done: 'replayed',
  make: async ({ box, id }) => (await box.letters.replay(id)) !== undefined,
};
const DISCARD: Change = {
  name: 'discard',
  done: 'discarded',
  make: async ({ box, id }) => {
    await box.letters.discard(id);
    return true;
  },
};

export function addReplay(dead: Command, session: Session): void {
  addChange(dead, session, REPLAY, {
    summary: 'puts dead letters back into their streams, for their service alone',
    about: 'Each is handled from the first attempt on, and is no dead letter any more.',
    examples: [
      ['dead replay 1763640000000-0', 'one of them'],
      ['dead replay --pattern orders.placed --since 2h --dry-run', 'which would be replayed?'],
      ['dead replay --reason attempts --yes', 'all that used up their attempts, unasked'],
    ],
    exits: '0: all of them were replayed; 1: some were not, or there are none',
  });
}

export function addDiscard(dead: Command, session: Session): void {
  addChange(dead, session, DISCARD, {
    summary: 'deletes dead letters',
    examples: [
      ['dead discard 1763640000000-0', 'one of them'],
      ['dead discard --until 7d --dry-run', 'which are older than a week?'],
    ],
    exits: '0: all of them were deleted; 1: there are none',
  });
}

function addChange(dead: Command, session: Session, change: Change, help: Help): void {
  const command = described(dead.command(change.name), help);
  withWhere(withFilter(command, 1000))
    .argument('[ids...]', 'as dead list has them; without any, the options say which')
    .option('--all', 'where no other option says which')
    .option('--dry-run', 'changes nothing, and says what would be changed')
    .option('--yes', 'does not ask before it changes many')
    .action((ids: string[], options: ChangeOptions) =>
      withBoxes(options, session.screen, async (boxes) => {
        const meant = await meantBy(ids, options, boxes);
        session.exitCode = await changeAll(meant, options, change, session.screen);
      }),
    );
}

/** @throws Failure if it is not said which are meant */
async function meantBy(
  ids: readonly string[],
  options: ChangeOptions,
  boxes: readonly Box[],
): Promise<Named[]> {
  const named: Named[] = [];
  for (const id of ids) named.push({ box: (await letterOf(boxes, id)).box, id });
  if (named.length > 0) return named;
  const { service, pattern, reason, since, until, all } = options;
  const filters = [service, pattern, reason, since, until].filter((one) => one !== undefined);
  if (filters.length === 0 && all !== true) {
    throw new Failure('say which: ids, a filter, or --all', 2);
  }
  for await (const { box, letter } of lettersIn(boxes, options)) {
    if (named.length === options.limit) break;
    named.push({ box, id: letter.id });
  }
  return named;
}

async function changeAll(
  meant: readonly Named[],
  { dryRun, yes, json }: ChangeOptions,
  { done, make }: Change,
  screen: Screen,
): Promise<0 | 1> {
  const tell = (facts: Record<string, unknown>, line: string): void =>
    json === true ? screen.json(facts) : screen.line(line);
  if (meant.length === 0) {
    tell({ [done]: 0 }, 'no dead letter fits');
    return 1;
  }
  if (dryRun === true) {
    const letters = meant.map(({ box, id }) => ({ service: box.service, id }));
    tell({ dryRun: true, letters }, `${meant.length} would be ${done}:`);
    if (json !== true) for (const { service, id } of letters) screen.line(`${service} ${id}`);
    return 0;
  }
  if (meant.length > 1) {
    await confirm(screen, `${meant.length} dead letters will be ${done}.`, yes === true);
  }
  const { changed, gone, refused } = await inParts(meant, make, screen);
  const rest = gone === 0 ? '' : `; no longer there: ${gone}`;
  const left = refused === 0 ? '' : `; left where they are: ${refused}`;
  tell({ [done]: changed, gone, refused }, `${done}: ${changed}${rest}${left}`);
  return changed === meant.length ? 0 : 1;
}

async function inParts(meant: readonly Named[], make: Change['make'], screen: Screen) {
  const counts = { changed: 0, gone: 0, refused: 0 };
  for (let i = 0; i < meant.length; i += WIDTH) {
    const part = meant.slice(i, i + WIDTH);
    const ends = await Promise.allSettled(part.map(make));
    let full = false;
    ends.forEach((end, at) => {
      if (end.status === 'fulfilled') counts[end.value ? 'changed' : 'gone']++;
      else {
        counts.refused++;
        screen.note(`${part[at]?.box.service} ${part[at]?.id}: ${thrownText(end.reason)}`);
        full ||= !isOfOneLetter(end.reason);
      }
    });
    if (!full) continue;
    counts.refused += meant.length - i - part.length;
    return counts;
  }
  return counts;
}

/** What is wrong with one letter does not stop the others; a full stream and a lost connection do. */
const isOfOneLetter = (error: unknown): boolean =>
  RedisStreamsError.isRedisStreamsError(error) &&
  (error.code === 'INVALID_MESSAGE' || error.code === 'PAYLOAD_TOO_LARGE');
