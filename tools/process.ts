// Starts processes, and makes sure that they end.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Milliseconds within which a process must end by itself. */
const PATIENCE = 15_000;

/** How a process ended: its exit code, or the signal that ended it. */
export type Ending = number | NodeJS.Signals;

/** Processes that have not ended yet end with this one. */
const alive = new Set<ChildProcess>();
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

/** Makes sure that a process ends with this one, however this one ends. Returns the process. */
export function endsWithThis<T extends ChildProcess>(child: T): T {
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  return child;
}

/** Whether a process has ended, or was never there because it could not be started. */
export const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** How a process ended, when it has. */
export async function ended(child: ChildProcess): Promise<Ending> {
  if (!hasEnded(child)) await once(child, 'exit');
  return child.exitCode ?? child.signalCode ?? 0;
}

/** Ends a process as a crash does: it can do nothing more. */
export function killed(child: ChildProcess): Promise<Ending> {
  return endedBy('SIGKILL', child);
}

/**
 * Ends a process as an orchestrator does: SIGTERM, and SIGKILL if it is still there after `patience`
 * milliseconds. A frozen process never gets SIGTERM.
 */
export async function terminated(child: ChildProcess, patience = PATIENCE): Promise<Ending> {
  const impatience = setTimeout(() => child.kill('SIGKILL'), patience);
  try {
    return await endedBy('SIGTERM', child);
  } finally {
    clearTimeout(impatience);
  }
}

async function endedBy(signal: NodeJS.Signals, child: ChildProcess): Promise<Ending> {
  const end = ended(child);
  if (!hasEnded(child)) child.kill(signal);
  return end;
}
