// A fixed number of calls in flight of each caller: as soon as one is answered, the same caller sends the next.
import { setImmediate as turn } from 'node:timers/promises';
import { sleep } from '../harness/clock.js';
import { Load } from './load.js';

const answersWithinMs = 10_000;

export class ClosedLoop extends Load {
  #sends;
  #concurrency;
  #open = 0;
  #workers: Promise<void>[] = [];

  /**
   * @param sends one of each caller
   * @param concurrency calls in flight, of each caller
   */
  constructor(sends: readonly (() => Promise<unknown>)[], concurrency: number) {
    super();
    this.#sends = sends;
    this.#concurrency = concurrency;
  }

  override start() {
    super.start();
    this.#workers = this.#sends.flatMap((send) =>
      Array.from({ length: this.#concurrency }, () => this.#work(send)),
    );
  }

  override async stop() {
    await super.stop();
    const late = new AbortController();
    await Promise.race([
      Promise.all(this.#workers),
      sleep(answersWithinMs, undefined, late).catch(() => undefined),
    ]);
    late.abort();
    return this.#open;
  }

  async #work(send: () => Promise<unknown>) {
    this.#open++;
    while (this.running) {
      const sentAt = performance.now();
      try {
        await send();
        this.answered(performance.now() - sentAt);
      } catch {
        this.errors++;
        // One that fails at once must not keep the loop from turning.
        await turn();
      }
    }
    this.#open--;
  }
}
