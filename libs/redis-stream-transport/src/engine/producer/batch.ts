import type { RedisStreamsError } from '../../errors.js';
import type { BatchSection } from '../../redis/caller-broker.js';
import type { Item } from './item.js';

/** Items of one pattern in a batch, in the order of their entries. */
export interface Section {
  readonly items: Item[];
}

/**
 * A numbered batch from its first copy to its verdict. Every copy that is sent is a version of its own:
 * a repeat wants only what is still wanted, and the verdict says which version was applied.
 */
export class PendingBatch {
  /** Sections of each version that was sent. */
  readonly versions: Section[][] = [];
  /** A copy is on its way and was not answered. */
  inFlight = false;
  /** Redis refused it in a way that will not pass: its number is to be closed. */
  closing: RedisStreamsError | undefined;

  constructor(
    readonly epoch: number,
    readonly number: number,
    readonly items: readonly Item[],
    readonly firstSent: number,
  ) {}

  get copies(): number {
    return this.versions.length;
  }

  /** It is not known any more whether a copy that left was applied. */
  taint(): void {
    if (this.copies > 0) for (const item of this.items) item.tainted = true;
  }

  /** Lays out the next copy. An empty batch is sent all the same: its number must be used. */
  nextVersion(now: number): { version: number; sections: BatchSection[] } {
    const sections: (BatchSection & { items: (readonly string[])[] })[] = [];
    const layout: (Section & { wide: boolean })[] = [];
    let last = -1;
    for (const item of this.items) {
      if (item.unwanted) continue;
      // Most batches are of one pattern, so the section before is looked at before searching.
      const known = last >= 0 ? sections[last] : undefined;
      const at =
        known !== undefined && sameSection(known, item)
          ? last
          : sections.findIndex((section) => sameSection(section, item));
      if (at === -1) {
        last = sections.length;
        const { stream, pattern, mode, wide } = item;
        sections.push({ stream, pattern, mode, wide, items: [item.fields(now)] });
        layout.push({ items: [item], wide });
      } else {
        last = at;
        sections[at]?.items.push(item.fields(now));
        layout[at]?.items.push(item);
      }
      item.copies++;
    }
    this.versions.push(layout);
    return { version: this.versions.length - 1, sections };
  }
}

function sameSection(section: BatchSection, item: Item): boolean {
  return (
    section.pattern === item.pattern &&
    section.stream === item.stream &&
    section.mode === item.mode &&
    section.wide === item.wide
  );
}
