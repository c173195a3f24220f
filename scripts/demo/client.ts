// The client process. It makes calls by itself; the demo only asks how far it is.
import type { Counts } from './accounts.js';
import { Child, type Surroundings } from './child.js';

/** Enough to keep three instances busy, and not too much for a small machine. */
const callsUnderWay = 16;
const answerWithinMs = 10_000;
/** The last calls may have to wait for their deadline. */
const finishWithinMs = 40_000;

/** How far the calls are. */
export interface Progress {
  readonly sent: number;
  readonly perInstance: Counts;
  /** Calls that wait for longer than a second. */
  readonly overdue: number;
  /** When the oldest call that waits was sent: milliseconds of the wall clock. */
  readonly oldestSentAt: number;
}

/** The results of all calls. */
export interface CallSummary {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly lost: number;
  readonly events: number;
  readonly perInstance: Counts;
  readonly p50ms: number;
  readonly p99ms: number;
}

interface Answers {
  readonly tour: { readonly stops: readonly string[] };
  readonly start: object;
  readonly progress: Progress;
  readonly finish: CallSummary;
}

export class Client extends Child {
  private questions = 0;

  constructor({ env, folder }: Surroundings) {
    const args = ['--directed', '--concurrency', String(callsUnderWay)];
    super({ app: 'demo-client', name: 'client', args, env, folder });
  }

  /** Makes one call of each kind; gives a line about each result. */
  async tour(): Promise<readonly string[]> {
    const { stops } = await this.ask('tour', answerWithinMs);
    return stops;
  }

  /** From here on it keeps calls under way. */
  start(): Promise<object> {
    return this.ask('start', answerWithinMs);
  }

  progress(): Promise<Progress> {
    return this.ask('progress', answerWithinMs);
  }

  finish(): Promise<CallSummary> {
    return this.ask('finish', finishWithinMs);
  }

  private ask<What extends keyof Answers>(ask: What, withinMs: number): Promise<Answers[What]> {
    const number = ++this.questions;
    const answer = this.message(
      (message): message is Answers[What] => (message as { number?: number }).number === number,
      withinMs,
    );
    this.tell({ number, ask });
    return answer;
  }
}
