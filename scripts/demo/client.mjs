// The client process. It makes calls by itself; the demo only asks how far it is.
import { Child } from './child.mjs';

/** Enough to keep three instances busy, and little enough to leave a small machine some air. */
const callsUnderWay = 16;
const answerWithinMs = 10_000;
/** The last calls may have to wait for their deadline. */
const finishWithinMs = 40_000;

export class Client extends Child {
  #questions = 0;

  constructor({ env, folder }) {
    const args = ['--directed', '--concurrency', String(callsUnderWay)];
    super({ app: 'demo-client', name: 'client', args, env, folder });
  }

  /** One call of each kind; what became of each, as a line. */
  async tour() {
    const { stops } = await this.#ask('tour', answerWithinMs);
    return stops;
  }

  /** From here on it keeps calls under way. */
  start() {
    return this.#ask('start', answerWithinMs);
  }

  progress() {
    return this.#ask('progress', answerWithinMs);
  }

  finish() {
    return this.#ask('finish', finishWithinMs);
  }

  #ask(ask, withinMs) {
    const number = ++this.#questions;
    const answer = this.message((message) => message.number === number, withinMs);
    this.process.send({ number, ask });
    return answer;
  }
}
