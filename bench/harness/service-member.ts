// What a service process can be asked.
import { Handlers } from './handlers.mjs';
import { ownUsage } from './usage.mjs';

/** @typedef {import('../peers/index.mjs').Place} Place */

export class ServiceMember {
  #serve;
  /** @type {Handlers} */
  #handlers = new Handlers();
  /** @type {{ close(): Promise<void> } | undefined} */
  #service;

  /** @param {import('../peers/index.mjs').Serve} serve */
  constructor(serve) {
    this.#serve = serve;
  }

  /** @param {Place} place */
  async open(place) {
    this.#handlers = new Handlers(place.settings);
    this.#service = await this.#serve(place, this.#handlers);
  }

  usage() {
    return ownUsage();
  }

  counts() {
    return { calls: this.#handlers.calls, events: this.#handlers.events };
  }

  /** @param {number} count @param {number} withinMs */
  async whenSeen(count, withinMs) {
    const at = await this.#handlers.whenSeen(count, withinMs);
    return { at, events: this.#handlers.events };
  }

  async close() {
    await this.#service?.close();
  }
}
