import type { Delivery, HomeStream } from './delivery.js';

/** Deliveries that one script asks about: so that none keeps Redis from others for milliseconds. */
const MOST = 256;

/** Gathers deliveries of one turn, per stream, and asks about them together. */
export class Starting {
  private readonly lists = new Map<HomeStream, Delivery[]>();

  constructor(private readonly ask: (stream: HomeStream, list: readonly Delivery[]) => unknown) {}

  add(delivery: Delivery): void {
    const { stream } = delivery;
    const list = this.lists.get(stream);
    if (list === undefined) {
      this.lists.set(stream, [delivery]);
      queueMicrotask(() => this.flush(stream));
    } else if (list.push(delivery) === MOST) this.flush(stream);
  }

  private flush(stream: HomeStream): void {
    const list = this.lists.get(stream);
    if (list === undefined) return;
    this.lists.delete(stream);
    this.ask(stream, list);
  }
}
