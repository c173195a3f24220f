import { leftIn, readBacklog } from '../operate/index.js';
import { argumentsOf, numberOf, placeOf, WHERE } from './arguments.js';
import type { Terminal } from './terminal.js';

/**
 * Says what is left in a place, one line each.
 * @returns the exit code: 0 if nothing is
 */
export async function drained(args: readonly string[], terminal: Terminal): Promise<number> {
  const values = argumentsOf(args, {
    ...WHERE,
    quiet: { type: 'string', default: '60' },
  });
  const quiet = numberOf('quiet', values.quiet) * 1000;
  const backlog = await readBacklog(placeOf(values, terminal));
  const left = leftIn(backlog, quiet);
  for (const line of left) terminal.out(`${line}\n`);
  if (left.length > 0) return 1;
  const { streams, shards } = backlog;
  terminal.out(`nothing is left: streams: ${streams.length}, shards: ${shards}\n`);
  return 0;
}
