import type { HeldEntry } from '../../../redis/entries.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { History } from '../run/history.js';

/** Says of entries what is known of them beside their text. */
export class Histories {
  /** Of whatever is handed out for the first time, as long as nothing changes. */
  private first: History | undefined;

  constructor(private readonly context: ShardContext) {}

  /** Of an entry that was read: it is handed out for the first time. */
  fresh(): History {
    const { first } = this;
    const { incarnation, generation } = this.context.identity;
    if (first?.incarnation === incarnation && first.generation === generation) return first;
    return (this.first = this.of({ deliveries: 1, spared: 0 }, undefined));
  }

  /** @param due an attempt that an earlier holder has noted */
  of(counts: Pick<HeldEntry, 'deliveries' | 'spared'>, due: HeldEntry['due']): History {
    const { attempts, state } = due ?? { attempts: 0, state: '' };
    const { deliveries, spared } = counts;
    const counted = this.counted(counts);
    const suspect = counted > 1 && counted === this.context.options.maxDeliveries;
    const { incarnation, generation } = this.context.identity;
    return { deliveries, spared, suspect, attempts, state, incarnation, generation };
  }

  /**
   * Of a call of a pack: on its last permitted delivery, and on each that follows, the calls of a pack run one by one,
   * and the pack goes on as long as it is not known which of them ends its instances.
   */
  ofMember(counts: Pick<HeldEntry, 'deliveries' | 'spared'>, due: HeldEntry['due']): History {
    const { maxDeliveries } = this.context.options;
    const history = this.of(counts, due);
    const suspect = maxDeliveries > 1 && this.counted(counts) >= maxDeliveries;
    return suspect === history.suspect ? history : { ...history, suspect };
  }

  /** Deliveries that count: what an instance that left by itself hands over is none. */
  counted({ deliveries, spared }: Pick<History, 'deliveries' | 'spared'>): number {
    return Math.max(1, deliveries - spared);
  }
}

/** How often an entry was handed out, in words. */
export function handedOut({ deliveries, spared }: History): string {
  const times = `handed out ${deliveries} times`;
  return spared === 0 ? times : `${times}, ${spared} of them to instances that left by themselves`;
}
