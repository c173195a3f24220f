import { RedisStreamsError } from '../errors.js';
import { visibleLines } from '../protocol/visible.js';
import { drained } from './drained.js';
import { Failure } from './failure.js';
import { generate } from './generate.js';
import { readContract } from './read-contract.js';
import type { Terminal } from './terminal.js';

export const USAGE = `Usage: nestjs-redis-streams generate --service NAME [options]
       nestjs-redis-streams drained [options]

generate: writes a typed client for a service that is running, from the contract that it announces.

  --service NAME     the service: its contract's name, after its namespace and a dot if it has one
  --version VERSION  one of several that are served; default: the newest
  --format FORMAT    typescript or asyncapi; default: typescript
  --out FILE         default: standard output
  --shards NUMBER    as the services have it, if they set it

drained: says what is left in a place that services and callers move away from. Exit code 0: nothing; 1: something, or
it could not be found out.

  --quiet SECONDS    for so long no entry may have come; default: 60

Both:

  --url URL          of Redis; default: REDIS_URL, or redis://localhost:6379
  --cluster NODES    of a Cluster instead: some nodes as HOST:PORT or URL, with commas between them
  --prefix PREFIX    of the keys, as the services have it; default: nrs
  --help
`;

/**
 * Runs the command line.
 * @param read asks the running service
 * @returns the exit code: 0, 1 if it did not work or something is left, 2 if it was called wrongly
 */
export async function runCommand(
  args: readonly string[],
  shown: Terminal,
  read = readContract,
): Promise<number> {
  const terminal = seen(shown);
  try {
    const [command, ...rest] = args;
    if (command === undefined || command === 'help' || args.includes('--help')) {
      terminal.out(USAGE);
      return command === undefined ? 2 : 0;
    }
    if (command === 'drained') return await drained(rest, terminal);
    if (command !== 'generate') throw new Failure(`there is no command ${command}`, 2);
    await generate(rest, terminal, read);
    return 0;
  } catch (error) {
    const failure = failureOf(error);
    terminal.err(`nestjs-redis-streams: ${failure.message}\n`);
    if (failure.exitCode === 2) terminal.err(`\n${USAGE}`);
    return failure.exitCode;
  }
}

/** Shows control characters of what a service says: a terminal would obey them. */
function seen(terminal: Terminal): Terminal {
  return {
    env: terminal.env,
    out: (text) => terminal.out(visibleLines(text)),
    err: (text) => terminal.err(visibleLines(text)),
  };
}

/** Errors of the transport and of files say enough; anything else is a mistake of ours, with its stack. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (RedisStreamsError.isRedisStreamsError(error)) {
    return new Failure(`${error.message} (${error.code})`, error.code === 'INVALID_OPTION' ? 2 : 1);
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  return new Failure(typeof code === 'string' ? message : (stack ?? message));
}
