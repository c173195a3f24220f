import type { Command } from 'commander';
import type { DeadLetterEntry } from '../../dead-letters/index.js';
import { described } from '../described.js';
import type { Screen } from '../screen.js';
import type { Session } from '../session.js';
import { when } from '../values.js';
import { withWhere, type Where } from '../where.js';
import { letterOf, withBoxes, withService } from './letters.js';

interface ShowOptions extends Where {
  readonly service?: string;
}

export function addShow(dead: Command, session: Session): void {
  const command = described(dead.command('show'), {
    summary: 'shows a dead letter: its data, headers, error and stack',
    examples: [['dead show 1763640000000-0', 'all that is known about it']],
  });
  withWhere(withService(command))
    .argument('<id>', 'as dead list has it')
    .action((id: string, options: ShowOptions) =>
      withBoxes(options, session.screen, async (boxes) => {
        const { box, letter } = await letterOf(boxes, id);
        if (options.json === true) session.screen.json({ service: box.service, ...letter });
        else show(letter, box.service, session.screen);
      }),
    );
}

function show(letter: DeadLetterEntry, service: string, screen: Screen): void {
  const { data, text, headers, errorStack } = letter;
  const facts: [string, string | undefined][] = [
    ['id', letter.id],
    ['service', service],
    ['pattern', letter.pattern],
    ['stream', letter.stream === letter.pattern ? undefined : letter.stream],
    ['kind', `${letter.kind}${letter.broadcast ? ', of a broadcast' : ''}`],
    ['reason', letter.reason],
    ['error', [letter.errorName, letter.errorCode, letter.error].filter(Boolean).join(': ')],
    ['entry', letter.entryId],
    ['given up', `${when(letter.at)} UTC by ${letter.consumer}`],
    ['deliveries', String(letter.deliveries)],
    ['attempts', String(letter.attempts)],
    [
      'replayed',
      letter.replayed === 0 ? undefined : `${letter.replayed}, first ${letter.originalId}`,
    ],
    ['replayable', letter.replayable ? 'yes' : 'only with other data (dead edit)'],
  ];
  for (const [name, value] of facts) {
    if (value !== undefined) screen.line(`${name.padEnd(11)} ${value}`);
  }
  for (const [name, value] of Object.entries(headers)) screen.line(`header      ${name}=${value}`);
  screen.line('data:', 'bold');
  const written = data === undefined ? (text ?? '(not kept)') : JSON.stringify(data, undefined, 2);
  screen.text(`${written}\n`);
  if (errorStack === undefined) return;
  screen.line('stack:', 'bold');
  screen.text(`${errorStack}\n`);
}
