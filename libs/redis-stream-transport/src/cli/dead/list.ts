import type { Command } from 'commander';
import { described } from '../described.js';
import type { Screen } from '../screen.js';
import type { Session } from '../session.js';
import { when } from '../values.js';
import { withWhere } from '../where.js';
import { lettersIn, withBoxes, withFilter, type Box, type LetterOptions } from './letters.js';

interface ListOptions extends LetterOptions {
  readonly summary?: boolean;
}

const COLUMNS = [
  { name: 'id' },
  { name: 'service', cut: true },
  { name: 'pattern', cut: true },
  { name: 'reason', cut: true },
  { name: 'error', cut: true },
];

export function addList(dead: Command, session: Session): void {
  const command = described(dead.command('list'), {
    summary: 'lists dead letters, the oldest of each service first',
    examples: [
      ['dead list --summary', 'how many, of which pattern, for which reason'],
      ['dead list --service orders --since 2h', 'those of one service in the last two hours'],
      ['dead list --reason attempts --json', 'all of each, one per line'],
    ],
  });
  withWhere(withFilter(command, 50))
    .option('--summary', 'counts them by service, pattern and reason; --limit is 100,000 then')
    .action((options: ListOptions) =>
      withBoxes(options, session.screen, (boxes) =>
        options.summary === true
          ? summarize(boxes, options, session.screen)
          : list(boxes, options, session.screen),
      ),
    );
}

async function list(boxes: readonly Box[], options: ListOptions, screen: Screen): Promise<void> {
  const rows: string[][] = [];
  let listed = 0;
  for await (const { box, letter } of lettersIn(boxes, options)) {
    if (listed === options.limit) {
      screen.note(`there are more than ${options.limit} (--limit)`);
      break;
    }
    listed++;
    const { id, pattern, reason, error } = letter;
    if (options.json === true) screen.jsonLine({ service: box.service, ...letter });
    else rows.push([id, box.service, pattern, reason, error]);
  }
  if (options.json === true) return;
  if (rows.length === 0) screen.line('no dead letters');
  else screen.table(COLUMNS, rows);
}

/** Letters that a summary counts. */
const MOST = 100_000;

async function summarize(
  boxes: readonly Box[],
  options: ListOptions,
  screen: Screen,
): Promise<void> {
  const kinds = new Map<string, { name: string[]; count: number; first: number; last: number }>();
  let counted = 0;
  for await (const { box, letter } of lettersIn(boxes, options)) {
    if (counted++ === MOST) break;
    const name = [box.service, letter.pattern, letter.reason];
    const kind = kinds.get(JSON.stringify(name));
    if (kind === undefined) {
      kinds.set(JSON.stringify(name), { name, count: 1, first: letter.at, last: letter.at });
      continue;
    }
    kind.count++;
    kind.first = Math.min(kind.first, letter.at);
    kind.last = Math.max(kind.last, letter.at);
  }
  const all = [...kinds.values()].toSorted((one, other) => other.count - one.count);
  if (options.json === true) {
    screen.json(
      all.map(({ name: [service, pattern, reason], count, first, last }) => ({
        ...{ service, pattern, reason, count, first, last },
      })),
    );
  } else if (all.length === 0) screen.line('no dead letters');
  else {
    screen.table(
      [
        { name: 'service', cut: true },
        { name: 'pattern', cut: true },
        { name: 'reason', cut: true },
        { name: 'count', right: true },
        { name: 'last (UTC)' },
      ],
      all.map(({ name, count, last }) => name.concat(String(count), when(last))),
    );
  }
}
