// What a client process can be asked.
import { isDeepStrictEqual } from 'node:util';
import { ClosedLoop } from '../loads/closed-loop.mjs';
import { OpenLoop } from '../loads/open-loop.mjs';
import { emitBurst } from '../loads/burst.mjs';
import { nowMs, sleep } from './clock.mjs';
import { payload } from './payloads.mjs';
import { ownUsage } from './usage.mjs';

const answerWithinMs = 1000;
const readyWithinMs = 20_000;

export class ClientMember {
  #connect;
  /** @type {import('../peers/index.mjs').Caller | undefined} */
  #caller;
  /** @type {import('../loads/load.mjs').Load | undefined} */
  #load;

  /** @param {import('../peers/index.mjs').Connect} connect */
  constructor(connect) {
    this.#connect = connect;
  }

  /** @param {import('../peers/index.mjs').Place} place */
  async open(place) {
    this.#caller = await this.#connect(place);
  }

  /** Until the service answers, and with what it was sent. @param {string} pattern */
  async ready(pattern) {
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

  /** @param {{ load: 'closed' | 'open', pattern: string, payload: any, concurrency: number, rate: number }} spec */
  begin(spec) {
    const data = payload(spec.payload);
    const send = () => this.#opened.send(spec.pattern, data);
    this.#load =
      spec.load === 'open' ? new OpenLoop(send, spec.rate) : new ClosedLoop(send, spec.concurrency);
    this.#load.start();
  }

  /** A closed loop of events. @param {{ pattern: string, concurrency: number }} spec */
  beginEvents({ pattern, concurrency }) {
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

  /** @param {string} pattern @param {number} count */
  burst(pattern, count) {
    const data = payload('100B');
    return emitBurst(() => this.#opened.emit(pattern, data), count);
  }

  /** When the first and the last of some calls were answered. @param {string} pattern @param {number} count */
  async answers(pattern, count) {
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
