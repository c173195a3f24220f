// A fixed number of calls in flight: as soon as one is answered, the next one is sent.
import { setImmediate as turn } from 'node:timers/promises';
import { sleep } from '../harness/clock.js';
import { Load } from './load.js';

const answersWithinMs = 10_000;

export class ClosedLoop extends Load {
  #send;
  #concurrency;
  #open = 0;
  #workers: Promise<void>[] = [];

  constructor(send: () => Promise<unknown>, concurrency: number) {
    super();
    this.#send = send;
    this.#concurrency = concurrency;
  }

  override start() {
    super.start();
    this.#workers = Array.from({ length: this.#concurrency }, () => this.#work());
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

  async #work() {
    this.#open++;
    while (this.running) {
      const sentAt = performance.now();
      try {
        await this.#send();
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
