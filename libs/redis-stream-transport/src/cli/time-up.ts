import { Option, type Command } from 'commander';
import { TimeLimit } from '../operate/index.js';
import { Failure } from './failure.js';
import type { Session } from './session.js';
import { boundedDuration } from './values.js';

/** The exit code where time was up before all had been looked at, and nothing else decides about it. */
export const TIME_UP = 4;
/** What the help says of it. */
export const TIME_UP_EXIT = '4: time was up before all had been looked at';

export interface Timed {
  /** Milliseconds. */
  readonly timeout: number;
}

/** Gives a command that looks through keys the option that bounds it. */
export function withTimeout(command: Command, text = '30s'): Command {
  return command.addOption(
    new Option('--timeout <duration>', 'how long it looks at most: 10ms to 1h')
      .argParser(boundedDuration(10, 3_600_000))
      .default(boundedDuration(10, 3_600_000)(text), text),
  );
}

export const timeLimitOf = ({ timeout }: Timed): TimeLimit => new TimeLimit(timeout);

/** Says how far a look came, if its time was up; whatever else was found decides about the exit code first. */
export function tellUnlooked(limit: TimeLimit, session: Session): void {
  if (limit.unlooked.length === 0) return;
  if (session.exitCode === 0) session.exitCode = TIME_UP;
  session.screen.note(howFar(limit));
}

/** Milliseconds after a limit for the step that was on its way: what was found by then is better than nothing. */
const LAST_STEP = 1000;

/**
 * Waits for a look, but not much longer than its limit: Redis may have stopped to answer in the middle of it.
 * @throws Failure with the exit code of a limit
 */
export async function withinLimit<T>({ milliseconds }: TimeLimit, look: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `time was up after ${milliseconds / 1000} s (--timeout): Redis has not answered`;
    timer = setTimeout(() => reject(new Failure(text, TIME_UP)), milliseconds + LAST_STEP);
  });
  try {
    return await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How far a look came. */
export function howFar({ text, milliseconds, ranOut }: TimeLimit): string {
  const why = ranOut ? `time was up after ${milliseconds / 1000} s (--timeout): ` : '';
  return `${why}${text}`;
}
