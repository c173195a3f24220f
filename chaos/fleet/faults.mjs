// What the nemeses do, written down: what, to whom, from when to when, and what was in flight.
import { now } from '../kit/time.mjs';

/**
 * Which calls a fault may make run once more (invariant I4):
 * - `owned`: what its targets were executing;
 * - `open`: whatever was open anywhere, because Redis lost what it had acknowledged, or its group.
 * Nothing: the fault is no excuse for any repetition.
 * @typedef {'owned' | 'open'} Excuse
 *
 * @typedef {object} Facts
 * @property {readonly string[]} [targets] processes
 * @property {Excuse} [excuses]
 * @property {number} [forgets] milliseconds of acknowledged writes that it undoes
 * @property {readonly string[] | 'all'} [cuts] whose connections it ends or silences
 * @property {boolean} [gentle] for so short a time that nobody needs to notice
 * @property {boolean} [silent] connections of `role` neither end nor answer
 * @property {string} [role]
 * @property {boolean} [stalls] its targets can do nothing
 * @property {boolean} [refuses] new calls are refused
 * @property {boolean} [stands] Redis answers nobody
 * @property {boolean} [slow] its target does not read
 * @property {boolean} [ages] open calls may be over at once
 * @property {boolean} [blind] what is in flight is not asked for
 * @property {number} [seconds]
 * @property {string} [stream]
 * @property {string} [consumer]
 * @property {string} [fsync]
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
   * @param {Facts} facts
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
