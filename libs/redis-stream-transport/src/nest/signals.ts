import { constants } from 'node:os';

/** Signals by which processes are asked to end. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;

/** All that wait share one listener for each signal: Node warns of more than ten. */
const waiting = new Set<EndingSignal>();
const heard = new Set<NodeJS.Signals>();

/**
 * Notices that this process was asked to end by a signal that somebody handles, as Nest's shutdown hooks
 * do. Signals that nobody handles end the process by themselves, and are left alone.
 */
export class EndingSignal {
  /** Exit code of a process that ended by it; undefined until it comes. */
  exitCode: number | undefined;

  constructor() {
    waiting.add(this);
    for (const signal of ENDING) {
      if (heard.has(signal) || process.listenerCount(signal) === 0) continue;
      heard.add(signal);
      process.on(signal, note);
    }
  }

  /** The start that waited is over. */
  ignore(): void {
    waiting.delete(this);
    if (waiting.size === 0) forget();
  }
}

function note(signal: NodeJS.Signals): void {
  for (const each of waiting) each.exitCode = 128 + constants.signals[signal];
  waiting.clear();
  // Whoever ends the process with the signal in the end must be the last to listen to it.
  forget();
}

function forget(): void {
  for (const signal of heard) process.off(signal, note);
  heard.clear();
}
