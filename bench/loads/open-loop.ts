// A fixed rate, whatever becomes of the calls: how long callers wait who do not wait for each other.
import { nowMs, sleep } from '../harness/clock.js';
import { Load } from './load.js';

/** Milliseconds that a timer may be late without being charged to the peer; stalls are. */
const SLACK = 2;
/** Calls that may be open; what is due beyond them is counted as skipped. */
const MOST_OPEN = 8000;
const answersWithinMs = 10_000;

export class OpenLoop extends Load {
  #send;
  #interval;
  #open = 0;
  #next = 0;

  /** @param rate calls per second */
  constructor(send: () => Promise<unknown>, rate: number) {
    super();
    this.#send = send;
    this.#interval = 1000 / rate;
  }

  override start() {
    super.start();
    this.#next = performance.now();
    this.#tick();
  }

  override async stop() {
    await super.stop();
    const end = nowMs() + answersWithinMs;
    while (this.#open > 0 && nowMs() < end) await sleep(5);
    return this.#open;
  }

  #tick() {
    if (!this.running) return;
    const now = performance.now();
    for (; this.#next <= now; this.#next += this.#interval) {
      if (this.#open < MOST_OPEN) void this.#call(this.#next);
      else this.skipped++;
    }
    setTimeout(() => this.#tick(), 1);
  }

  async #call(due: number) {
    const sentAt = performance.now();
    const since = sentAt - due < SLACK ? sentAt : due;
    this.#open++;
    try {
      await this.#send();
      this.answered(performance.now() - since);
    } catch {
      this.errors++;
    }
    this.#open--;
  }
}
