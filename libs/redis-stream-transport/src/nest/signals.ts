import { constants } from 'node:os';

/** Signals by which processes are asked to end. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;
/**
 * A process that still runs so many milliseconds after a SIGHUP was not asked to end by it. A terminal that closes
 * sends it, but to many applications it says "read your settings again".
 */
const RELOADED = 10_000;
const HUNG_UP = codeOf('SIGHUP');

/** What the starts of a process that wait share: one listener for each signal, since Node warns of more than ten. */
export class EndingSignals {
  private readonly waiting = new Set<EndingSignal>();
  private readonly heard = new Set<NodeJS.Signals>();
  private reload: NodeJS.Timeout | undefined;

  add(start: EndingSignal): void {
    this.waiting.add(start);
    this.listen();
  }

  remove(start: EndingSignal): void {
    this.waiting.delete(start);
    if (this.waiting.size > 0) return;
    clearTimeout(this.reload);
    for (const signal of this.heard) process.off(signal, this.note);
    this.heard.clear();
  }

  private listen(): void {
    for (const signal of ENDING) {
      if (this.heard.has(signal) || process.listenerCount(signal) === 0) continue;
      this.heard.add(signal);
      // Before the others: a `once` listener would be gone when ours counts the listeners that are left.
      process.prependListener(signal, this.note);
    }
  }

  private readonly note = (signal: NodeJS.Signals): void => {
    // Nest's hook ends the process by the same signal, which must have no listener left by then.
    process.off(signal, this.note);
    this.heard.delete(signal);
    if (process.listenerCount(signal) === 0) {
      // The application has taken its own listener away, so that the signal would end the process.
      process.kill(process.pid, signal);
      return;
    }
    for (const each of this.waiting) each.exitCode = codeOf(signal);
    if (signal !== 'SIGHUP') return;
    clearTimeout(this.reload);
    this.reload = setTimeout(() => this.goOn(), RELOADED).unref();
  };

  private goOn(): void {
    for (const each of this.waiting) if (each.exitCode === HUNG_UP) each.exitCode = undefined;
    this.listen();
  }
}

/** Those of this process. */
const SHARED = new EndingSignals();

/**
 * Notices a signal that asks this process to end, if something handles that signal, as Nest's shutdown hooks
 * do. A signal without a handler ends the process by itself and is left alone.
 */
export class EndingSignal {
  /** Exit code of a process that ends by the signal; undefined until one comes. */
  exitCode: number | undefined;

  constructor(private readonly signals = SHARED) {
    signals.add(this);
  }

  /** Stops listening: the start that waited is over. */
  ignore(): void {
    this.signals.remove(this);
  }
}

function codeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
