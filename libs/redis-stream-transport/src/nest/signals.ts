import { constants } from 'node:os';

/** Signals by which processes are asked to end. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;
/**
 * A process that still runs so many milliseconds after a SIGHUP was not asked to end by it. A terminal that closes
 * sends it, but to many applications it says "read your settings again".
 */
const RELOADED = 10_000;
const HUNG_UP = codeOf('SIGHUP');

/** The starts that wait. They share one listener for each signal, since Node warns of more than ten. */
const waiting = new Set<EndingSignal>();
const heard = new Set<NodeJS.Signals>();
let reload: NodeJS.Timeout | undefined;

/**
 * Notices a signal that asks this process to end, if something handles that signal, as Nest's shutdown hooks
 * do. A signal without a handler ends the process by itself and is left alone.
 */
export class EndingSignal {
  /** Exit code of a process that ends by the signal; undefined until one comes. */
  exitCode: number | undefined;

  constructor() {
    waiting.add(this);
    listen();
  }

  /** Stops listening: the start that waited is over. */
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
    // Before the others: a `once` listener would be gone when ours counts the listeners that are left.
    process.prependListener(signal, note);
  }
}

function note(signal: NodeJS.Signals): void {
  // Nest's hook ends the process by the same signal, which must have no listener left by then.
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
