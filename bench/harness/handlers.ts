// What every peer's service does with what it gets.
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from './clock.js';

/** Milliseconds of pretended I/O. */
const IO = 5;

export class Handlers {
  calls = 0;
  events = 0;
  #waiting: { count: number; resolve: (at: number) => void } | undefined;

  /** @param settings mute: calls are taken and never answered */
  constructor({ mute = false }: { mute?: boolean } = {}) {
    if (mute) this.echo = () => this.hold();
  }

  echo(data: unknown): unknown {
    this.calls++;
    return data;
  }

  async io(data: unknown) {
    this.calls++;
    await sleep(IO);
    return data;
  }

  /** Never ends. */
  hold(): Promise<unknown> {
    this.calls++;
    return new Promise(() => undefined);
  }

  seen() {
    this.events++;
    if (this.#waiting !== undefined && this.events >= this.#waiting.count) {
      this.#waiting.resolve(nowMs());
      this.#waiting = undefined;
    }
  }

  /**
   * When that many events have been seen; if they have not all come by then, when the last look was.
   */
  async whenSeen(count: number, withinMs: number): Promise<number> {
    if (this.events >= count) return nowMs();
    const impatience = new AbortController();
    const late = sleep(withinMs, undefined, impatience).then(nowMs);
    const arrived = new Promise<number>((resolve) => {
      this.#waiting = { count, resolve };
    });
    try {
      return await Promise.race([arrived, late]);
    } finally {
      impatience.abort();
      late.catch(() => undefined);
    }
  }
}
