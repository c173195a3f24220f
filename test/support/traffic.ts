import type { Caller } from './caller.js';

/** Patterns of calls and of events that are sent in turn. */
export interface TrafficPatterns {
  readonly calls: readonly string[];
  readonly events: readonly string[];
}

/** Calls and events at a steady pace, over a client that may be replaced meanwhile; every failure is kept. */
export class Traffic {
  readonly failures: unknown[] = [];
  calls = 0;
  events = 0;
  answered = 0;
  private readonly open = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;

  /** @param every milliseconds between two calls; each third comes with an event */
  constructor(
    private client: Caller,
    private readonly patterns: TrafficPatterns,
    every: number,
  ) {
    this.timer = setInterval(() => this.tick(), every);
  }

  /** Sends over another client from now on. Resolves when everything that was sent before has ended. */
  async moveTo(client: Caller): Promise<void> {
    this.client = client;
    await Promise.all(this.open);
  }

  /** Resolves when everything has ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.open);
  }

  private tick(): void {
    const key = this.calls++;
    this.note(
      this.client.call(inTurn(this.patterns.calls, key), key).then((answer) => {
        if (answer !== key) throw new Error(`call ${key} was answered ${String(answer)}`);
        this.answered++;
      }),
    );
    if (key % 3 > 0) return;
    const event = this.events++;
    this.note(this.client.tell(inTurn(this.patterns.events, event), event));
  }

  private note(work: Promise<unknown>): void {
    const noted = work
      .then(
        () => undefined,
        (error: unknown) => void this.failures.push(error),
      )
      .finally(() => this.open.delete(noted));
    this.open.add(noted);
  }
}

const inTurn = (texts: readonly string[], turn: number) => texts[turn % texts.length] as string;
