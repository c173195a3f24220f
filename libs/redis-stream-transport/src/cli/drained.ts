import type { Command } from 'commander';
import { leftIn, readBacklog } from '../operate/index.js';
import { described } from './described.js';
import type { Session } from './session.js';
import { tellUnlooked, timeLimitOf, TIME_UP_EXIT, withTimeout, type Timed } from './time-up.js';
import { wholeNumber } from './values.js';
import { placeOf, withWhere, type Where } from './where.js';

interface DrainedOptions extends Where, Timed {
  /** Seconds. */
  readonly quiet: number;
}

/** Says what is left in a place that services and callers move away from, one line each. */
export function addDrained(program: Command, session: Session): void {
  const command = described(program.command('drained'), {
    summary: 'says what is left in a place that services and callers move away from',
    examples: [['drained --prefix old', 'is nothing left under the prefix "old"?']],
    exits: `0: nothing is left; 1: something is, or it failed; ${TIME_UP_EXIT}, and nothing was found`,
  });
  withTimeout(withWhere(command))
    .option('--quiet <seconds>', 'for so long no entry may have come', wholeNumber, 60)
    .action(async (options: DrainedOptions) => {
      const { screen } = session;
      const limit = timeLimitOf(options);
      const backlog = await readBacklog(placeOf(options, screen.terminal), limit);
      const left = leftIn(backlog, options.quiet * 1000);
      session.exitCode = left.length === 0 ? 0 : 1;
      const { streams, shards } = backlog;
      const { unlooked } = limit;
      const drained = left.length + unlooked.length === 0;
      if (options.json === true) screen.json({ drained, left, unlooked, ...backlog });
      else if (left.length > 0) for (const line of left) screen.line(line);
      else if (drained) {
        screen.line(`nothing is left: streams: ${streams.length}, shards: ${shards}`);
      }
      tellUnlooked(limit, session);
    });
}
