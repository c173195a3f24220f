// What a client process can be asked.
import { isDeepStrictEqual } from 'node:util';
import { ClosedLoop } from '../loads/closed-loop.js';
import { OpenLoop } from '../loads/open-loop.js';
import { emitBurst } from '../loads/burst.js';
import { nowMs, sleep } from './clock.js';
import { payload, type PayloadName } from './payloads.js';
import { ownUsage } from './usage.js';
import type { Caller, Connect, Place } from '../peers/index.js';
import type { Load } from '../loads/load.js';

const answerWithinMs = 1000;
const readyWithinMs = 20_000;

export class ClientMember {
  #connect;
  #caller: Caller | undefined;
  #load: Load | undefined;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  async open(place: Place) {
    this.#caller = await this.#connect(place);
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

  begin(spec: {
    load: 'closed' | 'open';
    pattern: string;
    payload: PayloadName;
    concurrency?: number;
    rate?: number;
  }) {
    const data = payload(spec.payload);
    const send = () => this.#opened.send(spec.pattern, data);
    this.#load =
      spec.load === 'open'
        ? new OpenLoop(send, spec.rate ?? NaN)
        : new ClosedLoop(send, spec.concurrency ?? NaN);
    this.#load.start();
  }

  /** A closed loop of events. */
  beginEvents({ pattern, concurrency }: { pattern: string; concurrency: number }) {
    const data = payload('100B');
    this.#load = new ClosedLoop(() => this.#opened.emit(pattern, data), concurrency);
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
    await this.#caller?.close();
  }

  get #opened() {
    if (this.#caller === undefined) throw new Error('not open');
    return this.#caller;
  }
}
