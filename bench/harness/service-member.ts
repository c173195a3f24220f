// What a service process can be asked.
import { Handlers } from './handlers.js';
import { ownUsage } from './usage.js';
import type { Place, Serve } from '../peers/index.js';

export class ServiceMember {
  #serve;
  #handlers: Handlers = new Handlers();
  #service: { close(): Promise<void> } | undefined;

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  async open(place: Place) {
    this.#handlers = new Handlers(place.settings);
    this.#service = await this.#serve(place, this.#handlers);
  }

  usage() {
    return ownUsage();
  }

  counts() {
    return { calls: this.#handlers.calls, events: this.#handlers.events };
  }

  async whenSeen(count: number, withinMs: number) {
    const at = await this.#handlers.whenSeen(count, withinMs);
    return { at, events: this.#handlers.events };
  }

  async close() {
    await this.#service?.close();
  }
}
