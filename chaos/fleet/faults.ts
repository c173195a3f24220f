// Writes down what the nemeses do: which fault, to which processes, from when to when, and how many entries
// were in flight.
import { now } from '../kit/time.js';
import type { History } from '../kit/history.js';

/**
 * Which calls a fault may make run once more (invariant I4):
 * - `owned`: what its targets were executing;
 * - `open`: whatever was open anywhere, because Redis lost what it had acknowledged, or its group;
 * - `unreceived`: what a primary had written and the replica that took over had not received, by its offset.
 * Nothing: the fault is no excuse for any repetition.
 */
export type Excuse = 'owned' | 'open' | 'unreceived';

export interface Facts {
  /** Names of the processes that it hits. */
  targets?: readonly string[];
  excuses?: Excuse;
  /** Milliseconds of acknowledged writes that it undoes. */
  forgets?: number;
  /** Milliseconds for which handled events stay in their stream: a group that is made anew is handed these again. */
  rereads?: number;
  /** What counts as stored is on the replica: nothing that was answered may be lost. */
  kept?: boolean;
  /** Port of the primary of which another server took over. */
  former?: number;
  /** The offset of the former primary up to which the other server has what it had written. */
  received?: number;
  /** Processes whose connections it ends or silences. */
  cuts?: readonly string[] | 'all';
  /** The interruption is so short that no status needs to show it. */
  gentle?: boolean;
  /** Connections of `role` neither end nor answer. */
  silent?: boolean;
  role?: string;
  /** Its targets stand still. */
  stalls?: boolean;
  /** Nothing of this pattern starts; its calls are refused or wait. */
  paused?: { readonly pattern: string; readonly refuse: boolean };
  /** Its target takes nothing new. */
  takesNothing?: boolean;
  /** Milliseconds from the note of a pause until it holds. */
  appliedAfter?: number;
  /** New calls are refused. */
  refuses?: boolean;
  /** Redis answers no command. */
  stands?: boolean;
  /** Its target does not read what it is sent. */
  slow?: boolean;
  /** The deadlines of open calls may pass at once. */
  ages?: boolean;
  /** Redis is not asked how many entries are in flight. */
  blind?: boolean;
  seconds?: number;
  /** Seconds by which the clock of Redis was wrong, as Redis itself says. */
  shift?: number;
  stream?: string;
  consumer?: string;
  fsync?: string;
}

export type Mark = 'ceased' | 'restored';

/** A fault that goes on. */
export interface Fault {
  readonly n: number;
  /** Notes once that the fault is over, with facts that are known only then. */
  end(further?: Facts): void;
  /** Notes when the former primary took no more writes, and when the next one had a replica. */
  mark(what: Mark): void;
}

export class Faults {
  private count = 0;

  /** @param inFlight entries that Redis lists as pending */
  constructor(
    private readonly history: History,
    private readonly inFlight: () => Promise<number | undefined>,
  ) {}

  async begin(what: string, facts: Facts = {}): Promise<Fault> {
    const n = ++this.count;
    const inFlight = facts.blind ? undefined : await this.inFlight();
    this.history.write({ k: 'fault', n, what, ...facts, inFlight, t: now() });
    let over = false;
    return {
      n,
      end: (further: Facts = {}) => {
        if (over) return;
        over = true;
        this.history.write({ k: 'over', n, ...further, t: now() });
      },
      mark: (k) => this.history.write({ k, n, t: now() }),
    };
  }

  /** Runs `act`, and notes when it began and ended. */
  async during<T>(what: string, facts: Facts, act: (fault: Fault) => Promise<T>): Promise<T> {
    const fault = await this.begin(what, facts);
    try {
      return await act(fault);
    } finally {
      fault.end();
    }
  }

  note(event: Readonly<Record<string, unknown>>): void {
    this.history.write({ ...event, t: now() });
  }
}
