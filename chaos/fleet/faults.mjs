// What the nemeses do, written down: what, to whom, from when to when, and what was in flight.
import { now } from '../kit/time.mjs';

/**
 * Which calls a fault may make run once more (invariant I4):
 * - `owned`: what its targets were executing;
 * - `open`: whatever was open anywhere, because Redis lost what it had acknowledged, or its group.
 * Nothing: the fault is no excuse for any repetition.
 * @typedef {'owned' | 'open'} Excuse
 */

export class Faults {
  #count = 0;
  /** Faults so far, for the figures. */
  get count() {
    return this.#count;
  }

  /**
   * @param {import('../kit/history.mjs').History} history
   * @param {() => Promise<number | undefined>} inFlight entries that Redis lists as pending
   */
  constructor(history, inFlight) {
    this.history = history;
    this.inFlight = inFlight;
  }

  /**
   * @param {string} what
   * @param {{ targets?: readonly string[], excuses?: Excuse, cuts?: readonly string[] | 'all',
   *   role?: string, forgets?: number }} facts `cuts`: whose connections it ends or silences; `forgets`:
   *   milliseconds of acknowledged writes that it undoes
   */
  async begin(what, facts = {}) {
    const n = ++this.#count;
    const inFlight = facts.blind ? undefined : await this.inFlight();
    this.history.write({ k: 'fault', n, what, ...facts, inFlight, t: now() });
    let over = false;
    return {
      n,
      end: (further = {}) => {
        if (over) return;
        over = true;
        this.history.write({ k: 'over', n, ...further, t: now() });
      },
    };
  }

  /** Does `act` and notes when it began and ended. */
  async during(what, facts, act) {
    const fault = await this.begin(what, facts);
    try {
      return await act(fault);
    } finally {
      fault.end();
    }
  }

  note(event) {
    this.history.write({ ...event, t: now() });
  }
}
