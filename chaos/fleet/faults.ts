// What the nemeses do, written down: what, to whom, from when to when, and what was in flight.
import { now } from '../kit/time.js';
import type { History } from '../kit/history.js';

/**
 * Which calls a fault may make run once more (invariant I4):
 * - `owned`: what its targets were executing;
 * - `open`: whatever was open anywhere, because Redis lost what it had acknowledged, or its group.
 * Nothing: the fault is no excuse for any repetition.
 */
export type Excuse = 'owned' | 'open';

export interface Facts {
  /** processes */
  targets?: readonly string[];
  excuses?: Excuse;
  /** milliseconds of acknowledged writes that it undoes */
  forgets?: number;
  /** whose connections it ends or silences */
  cuts?: readonly string[] | 'all';
  /** for so short a time that nobody needs to notice */
  gentle?: boolean;
  /** connections of `role` neither end nor answer */
  silent?: boolean;
  role?: string;
  /** its targets can do nothing */
  stalls?: boolean;
  /** new calls are refused */
  refuses?: boolean;
  /** Redis answers nobody */
  stands?: boolean;
  /** its target does not read */
  slow?: boolean;
  /** open calls may be over at once */
  ages?: boolean;
  /** what is in flight is not asked for */
  blind?: boolean;
  seconds?: number;
  /** seconds by which the clock of Redis was off, as Redis tells it */
  shift?: number;
  stream?: string;
  consumer?: string;
  fsync?: string;
}

/** A fault that goes on. */
export interface Fault {
  readonly n: number;
  /** Notes that it is over, once, with what is known only then. */
  end(further?: Facts): void;
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
    };
  }

  /** Does `act` and notes when it began and ended. */
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
