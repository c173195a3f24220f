import type { Command } from 'commander';
import type { ReplayChanges } from '../../dead-letters/index.js';
import { described } from '../described.js';
import { Failure } from '../failure.js';
import { DATA, givenData } from '../given-data.js';
import type { Session } from '../session.js';
import { header } from '../values.js';
import { withWhere, type Where } from '../where.js';
import { letterOf, withBoxes, withService } from './letters.js';

interface EditOptions extends Where {
  readonly service?: string;
  readonly data?: string;
  readonly header?: Record<string, string>;
  readonly dryRun?: boolean;
}

export function addEdit(dead: Command, session: Session): void {
  const command = described(dead.command('edit'), {
    summary: 'replays a dead letter with other data or headers',
    about: 'What is not given stays as it was.',
    examples: [
      [`dead edit 1763640000000-0 --data '{"id":"a1"}'`, 'with the data that is right'],
      ['dead edit 1763640000000-0 --data @mended.json', 'with that of a file'],
      ['dead edit 1763640000000-0 --header by=Ada --dry-run', 'what would be replayed?'],
    ],
  });
  withWhere(withService(command))
    .argument('<id>', 'as dead list has it')
    .option('--data <data>', `the new data: ${DATA}`)
    .option(
      '--header <name=value>',
      'the new headers, in the place of all; may be repeated',
      header,
    )
    .option('--dry-run', 'changes nothing, and says what would be replayed')
    .action((id: string, options: EditOptions) => edit(id, options, session));
}

async function edit(id: string, options: EditOptions, { screen }: Session): Promise<void> {
  const { header: headers, data, dryRun, json } = options;
  if (data === undefined && headers === undefined) {
    throw new Failure('say what is new: --data, --header; dead replay changes nothing', 2);
  }
  const changes: ReplayChanges = {
    ...(data === undefined ? {} : { data: await givenData(data, screen.terminal) }),
    ...(headers === undefined ? {} : { headers }),
  };
  await withBoxes(options, screen, async (boxes) => {
    const { box, letter } = await letterOf(boxes, id);
    const facts = { service: box.service, pattern: letter.pattern };
    if (dryRun === true) {
      const will = { data: letter.data ?? letter.text, headers: letter.headers, ...changes };
      screen.json({ dryRun: true, ...facts, ...will });
      return;
    }
    const entry = await box.letters.replay(id, changes);
    if (entry === undefined) throw new Failure(`there is no dead letter ${id} any more`);
    if (json === true) screen.json({ replayed: 1, ...facts, entry });
    else screen.line(`replayed as ${entry} of ${letter.pattern}, for ${box.service}`);
  });
}
