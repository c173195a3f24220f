// What a client process can be asked.
import { isDeepStrictEqual } from 'node:util';
import { ClosedLoop } from '../loads/closed-loop.js';
import { OpenLoop } from '../loads/open-loop.js';
import { emitBurst } from '../loads/burst.js';
import { nowMs, sleep } from './clock.js';
import { payload } from './payloads.js';
import { ownUsage } from './usage.js';
import type { Caller, Connect, Place } from '../peers/index.js';
import type { Load } from '../loads/load.js';
import type { Spec } from '../loads/spec.js';

const answerWithinMs = 1000;
const readyWithinMs = 20_000;

export class ClientMember {
  #connect;
  #callers: Caller[] = [];
  #load: Load | undefined;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /**
   * All callers are in this process: as many processes as callers would measure their start and how the system
   * shares out its cores. Each has connections of its own and shares nothing with the others but this thread.
   */
  async open(place: Place) {
    const { callers = 1 } = place.settings;
    this.#callers = await Promise.all(Array.from({ length: callers }, () => this.#connect(place)));
  }

  /** Until the service answers, and with what it was sent. */
  async ready(pattern: string) {
    const data = payload('100B');
    const end = nowMs() + readyWithinMs;
    for (;;) {
      // A call that was published before the service had subscribed is never answered.
      const answer = await Promise.race([
        this.#opened.send(pattern, data),
        sleep(answerWithinMs, undefined, { ref: false }),
      ]).catch((error) => error);
      if (isDeepStrictEqual(answer, data)) return;
      if (nowMs() > end) throw new Error(`no echo from the service, but ${String(answer)}`);
      await sleep(20);
    }
  }

  begin({ load, pattern, payload: size, concurrency = Number.NaN, rate = Number.NaN }: Spec) {
    const data = payload(size);
    const sends = this.#all.map((caller) => () => caller.send(pattern, data));
    this.#load =
      load === 'open' ? new OpenLoop(inTurn(sends), rate) : new ClosedLoop(sends, concurrency);
    this.#load.start();
  }

  /** What happened since the last mark. */
  mark() {
    return { ...this.#load?.mark(), usage: ownUsage() };
  }

  async end() {
    const unanswered = await this.#load?.stop();
    this.#load = undefined;
    return unanswered ?? 0;
  }

  burst(pattern: string, count: number) {
    const data = payload('100B');
    return emitBurst(() => this.#opened.emit(pattern, data), count);
  }

  /** When the first and the last of some calls were answered. */
  async answers(pattern: string, count: number) {
    const data = payload('100B');
    const times = Array.from({ length: count }, () => this.#opened.send(pattern, data).then(nowMs));
    const [first, last] = [await Promise.race(times), Math.max(...(await Promise.all(times)))];
    return { first, last };
  }

  usage() {
    return ownUsage();
  }

  async close() {
    await Promise.all(this.#callers.map((caller) => caller.close()));
  }

  get #all(): readonly Caller[] {
    if (this.#callers.length === 0) throw new Error('not open');
    return this.#callers;
  }

  get #opened(): Caller {
    return this.#all[0] as Caller;
  }
}

function inTurn<T>(sends: readonly (() => Promise<T>)[]): () => Promise<T> {
  let turn = 0;
  return () => (sends[turn++ % sends.length] as () => Promise<T>)();
}
