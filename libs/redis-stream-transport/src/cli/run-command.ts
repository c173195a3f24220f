import { Command, CommanderError } from 'commander';
import { RedisStreamsError } from '../errors.js';
import { thrownText } from '../thrown.js';
import { visibleLines } from '../protocol/visible.js';
import { addCall, addEmit } from './call.js';
import { withCallIds } from './call-ids.js';
import { addDashboard } from './dashboard.js';
import { addDoctor } from './doctor.js';
import { addExplain } from './explain.js';
import { addPause, addResume } from './pause.js';
import { addPending } from './pending.js';
import { addPing } from './ping.js';
import { addServices } from './services.js';
import { addStats } from './stats.js';
import { addTop } from './top/top.js';
import { addDead } from './dead/dead.js';
import { addScheduled } from './scheduled/scheduled.js';
import { addDrained } from './drained.js';
import { Failure } from './failure.js';
import { addGenerate } from './generate.js';
import { readContract as ask } from './read-contract.js';
import { Screen } from './screen.js';
import type { Session } from './session.js';
import type { Terminal } from './terminal.js';

const COMMANDS = [
  addTop,
  addServices,
  addPing,
  addStats,
  addPending,
  addExplain,
  addDoctor,
  addDead,
  addScheduled,
  addDashboard,
  addPause,
  addResume,
  addCall,
  addEmit,
  addDrained,
  addGenerate,
];
const MORE = '(--help says more)';

/**
 * Runs the command line.
 * @param readContract asks a running service for its contract
 * @returns the exit code: 0; 1 if it did not work, or something was found; 2 if it was called wrongly; 3 and 4 as
 * the command says
 */
export async function runCommand(
  args: readonly string[],
  terminal: Terminal,
  readContract: typeof ask = ask,
): Promise<number> {
  const screen = new Screen(terminal);
  const session: Session = { screen, readContract, exitCode: 0 };
  const program = programOf(session);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return 2;
    }
    await program.parseAsync(withCallIds(args), { from: 'user' });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = failureOf(error);
    screen.note(failure.message);
    if (failure.exitCode === 2) terminal.err(`${MORE}\n`);
    return failure.exitCode;
  }
}

function programOf(session: Session): Command {
  const { terminal, width } = session.screen;
  const program = new Command('nestjs-redis-streams')
    .description('Looks into a deployment of nestjs-redis-streams, and acts on it.')
    .exitOverride()
    .showHelpAfterError(MORE)
    .helpOption('--help', 'says how to call it')
    .configureOutput({
      writeOut: (text) => terminal.out(visibleLines(text)),
      writeErr: (text) => terminal.err(visibleLines(text)),
      getOutHelpWidth: () => Math.min(100, width),
      getErrHelpWidth: () => Math.min(100, width),
      outputError: (text, write) => write(text.replace(/^error: /, 'nestjs-redis-streams: ')),
    });
  for (const add of COMMANDS) add(program, session);
  return program;
}

/** Errors of the transport and of files say enough; anything else is a mistake of ours, with its stack. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (RedisStreamsError.isRedisStreamsError(error)) {
    // Where Redis is not reached, only the cause says whether it is down, refuses, or has another certificate.
    const why = error.code === 'NOT_CONNECTED' && error.cause !== undefined;
    const cause = why ? `: ${thrownText(error.cause)}` : '';
    const told = `${error.message}${cause} (${error.code})`;
    return new Failure(told, error.code === 'INVALID_OPTION' ? 2 : 1);
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  return new Failure(typeof code === 'string' ? message : (stack ?? message));
}
