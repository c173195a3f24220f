// What every peer's service does with what it gets.
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from './clock.mjs';

/** Milliseconds of pretended I/O. */
const IO = 5;

export class Handlers {
  calls = 0;
  events = 0;
  /** @type {{ count: number, resolve: (at: number) => void } | undefined} */
  #waiting;

  /** @param {{ mute?: boolean }} [settings] mute: calls are taken and never answered */
  constructor({ mute = false } = {}) {
    if (mute) this.echo = () => this.hold();
  }

  /** @param {unknown} data @returns {unknown} */
  echo(data) {
    this.calls++;
    return data;
  }

  /** @param {unknown} data */
  async io(data) {
    this.calls++;
    await sleep(IO);
    return data;
  }

  /** Never ends. @returns {Promise<unknown>} */
  hold() {
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
   * @param {number} count @param {number} withinMs @returns {Promise<number>}
   */
  async whenSeen(count, withinMs) {
    if (this.events >= count) return nowMs();
    const impatience = new AbortController();
    const late = sleep(withinMs, undefined, impatience).then(nowMs);
    const arrived = new Promise((resolve) => {
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
