import { constants } from 'node:os';

/** Signals by which processes are asked to end. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;
/**
 * Milliseconds after which a SIGHUP was no request to end. A terminal that closes sends it, but to many applications
 * it says "read your settings again".
 */
const RELOADED = 10_000;
const HUNG_UP = codeOf('SIGHUP');

/** All that wait share one listener for each signal: Node warns of more than ten. */
const waiting = new Set<EndingSignal>();
const heard = new Set<NodeJS.Signals>();
let reload: NodeJS.Timeout | undefined;

/**
 * Notices that this process was asked to end by a signal that somebody handles, as Nest's shutdown hooks
 * do. Signals that nobody handles end the process by themselves, and are left alone.
 */
export class EndingSignal {
  /** Exit code of a process that ended by it; undefined until it comes. */
  exitCode: number | undefined;

  constructor() {
    waiting.add(this);
    listen();
  }

  /** The start that waited is over. */
  ignore(): void {
    waiting.delete(this);
    if (waiting.size > 0) return;
    clearTimeout(reload);
    for (const signal of heard) process.off(signal, note);
    heard.clear();
  }
}

function listen(): void {
  for (const signal of ENDING) {
    if (heard.has(signal) || process.listenerCount(signal) === 0) continue;
    heard.add(signal);
    // In front of the others: one that listens once would be gone before us, and we would think that nobody does.
    process.prependListener(signal, note);
  }
}

function note(signal: NodeJS.Signals): void {
  // Whoever ends the process with the signal in the end must be the last to listen to it.
  process.off(signal, note);
  heard.delete(signal);
  if (process.listenerCount(signal) === 0) {
    // The application has taken its own listener away, so that the signal would end the process.
    process.kill(process.pid, signal);
    return;
  }
  for (const each of waiting) each.exitCode = codeOf(signal);
  if (signal !== 'SIGHUP') return;
  clearTimeout(reload);
  reload = setTimeout(goOn, RELOADED).unref();
}

function goOn(): void {
  for (const each of waiting) if (each.exitCode === HUNG_UP) each.exitCode = undefined;
  listen();
}

function codeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
