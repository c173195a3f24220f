import { parseCredit } from '../../../protocol/credit.js';
import type { Delivery, DeliverySlots } from './delivery.js';
import { SendWindow } from './send-window.js';

/** The runs of one instance in one shard whose values wait for their readers, by nonce. */
export class Windows {
  private readonly open = new Map<number, Delivery>();

  get size(): number {
    return this.open.size;
  }

  /** A run begins; of a caller that knows nothing of windows it does not wait. It may be over: its restart had no room. */
  begin(delivery: Delivery): void {
    const { window, caller } = delivery.entry.header;
    if (window === undefined || caller === undefined || delivery.ended) return;
    delivery.window = new SendWindow(window, delivery.index);
    this.open.set(delivery.nonce, delivery);
  }

  /** A run has ended. */
  end({ nonce, window }: Delivery): void {
    if (this.open.delete(nonce)) window?.wake();
  }

  /** All runs are given up. */
  clear(): void {
    this.open.clear();
  }

  /**
   * Heeds what a caller says about its streams. That is also its sign of life: it gives streams with an idle time new
   * time. Runs that are not known here, or are another caller's, are left alone.
   */
  credit(text: string, slots: Pick<DeliverySlots, 'renewed'>): void {
    const notice = parseCredit(text);
    if (notice === undefined) return;
    for (const said of notice.runs) {
      const delivery = this.open.get(said.nonce);
      if (delivery === undefined || delivery.entry.header.caller !== notice.caller) continue;
      if (delivery.ended || delivery.isAborted) continue;
      delivery.window?.credit(said);
      if (delivery.entry.header.idle > 0) slots.renewed(delivery);
    }
  }
}
