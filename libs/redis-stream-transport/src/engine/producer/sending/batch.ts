import type { RedisStreamsError } from '../../../errors.js';
import type { BatchSection } from '../../../redis/caller-broker.js';
import type { EnqueueAnswer } from '../../../redis/verdict.js';
import type { OutgoingEntry } from './outgoing-entry.js';

/** Items of one pattern in a batch, in the order of their entries. */
export interface Section {
  readonly items: OutgoingEntry[];
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
  /** Copies that may have been applied: sent, and not answered with a refusal. */
  private doubtful = 0;
  /** Redis refused it in a way that will not pass: its number is to be closed. */
  closing: RedisStreamsError | undefined;

  constructor(
    readonly epoch: number,
    readonly number: number,
    readonly items: readonly OutgoingEntry[],
    readonly firstSent: number,
  ) {}

  /** Every copy was refused or never left: certainly nothing of it was applied. */
  get isUntouched(): boolean {
    return this.doubtful === 0;
  }

  /** A copy was refused, or never left. */
  refused(): void {
    this.doubtful--;
    if (this.isUntouched) for (const item of this.items) item.recalled();
  }

  /** Tells the items what the copy that was applied did with them. */
  applied(answer: EnqueueAnswer & { readonly kind: 'applied' }): void {
    const layout = this.versions[answer.version] ?? [];
    for (let s = 0; s < layout.length; s++) {
      const verdict = answer.sections[s];
      if (verdict === undefined) continue;
      const { items } = layout[s] as Section;
      for (let i = 0; i < items.length; i++) {
        const item = items[i] as OutgoingEntry;
        if (i < verdict.count) item.stored(verdict.first, i);
        else if (!item.abandoned) item.refused(verdict.refusal ?? 'E', verdict.error);
      }
    }
  }

  failed(error: RedisStreamsError): void {
    for (const item of this.items) if (!item.abandoned) item.failed(error);
  }

  /** It is not known any more whether a copy that left was applied. */
  taint(): void {
    if (!this.isUntouched) for (const item of this.items) item.tainted = true;
  }

  /** Lays out the next copy. An empty batch is sent all the same: its number must be used. */
  nextVersion(now: number): { version: number; sections: BatchSection[] } {
    const sections: (BatchSection & { items: (readonly string[])[] })[] = [];
    const layout: (Section & { hasExtraFields: boolean })[] = [];
    let last = -1;
    for (const item of this.items) {
      if (item.abandoned) continue;
      // Most batches are of one pattern, so the section before is looked at before searching.
      const known = last >= 0 ? sections[last] : undefined;
      const at =
        known !== undefined && sameSection(known, item)
          ? last
          : sections.findIndex((section) => sameSection(section, item));
      if (at === -1) {
        last = sections.length;
        const { stream, pattern, mode, hasExtraFields } = item;
        sections.push({ stream, pattern, mode, hasExtraFields, items: [item.fields(now)] });
        layout.push({ items: [item], hasExtraFields });
      } else {
        last = at;
        sections[at]?.items.push(item.fields(now));
        layout[at]?.items.push(item);
      }
      item.copies++;
    }
    this.versions.push(layout);
    this.doubtful++;
    return { version: this.versions.length - 1, sections };
  }
}

function sameSection(section: BatchSection, item: OutgoingEntry): boolean {
  return (
    section.pattern === item.pattern &&
    section.stream === item.stream &&
    section.mode === item.mode &&
    section.hasExtraFields === item.hasExtraFields
  );
}
