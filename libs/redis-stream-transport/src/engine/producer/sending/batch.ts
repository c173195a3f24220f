import type { RedisStreamsError } from '../../../errors.js';
import type { BatchSection } from '../../../redis/caller-broker.js';
import type { EnqueueAnswer } from '../../../redis/verdict.js';
import type { OutgoingEntry } from './outgoing-entry.js';

/** The entries of one section of a batch, in the order in which they are stored. */
export interface Section {
  readonly entries: OutgoingEntry[];
}

/**
 * A numbered batch, from its first copy to its verdict. Each copy that is sent is a version of its own: a repeat
 * leaves out what was abandoned meanwhile, and the verdict says which version was applied.
 */
export class PendingBatch {
  /** The sections of each version that was sent. */
  readonly versions: Section[][] = [];
  /** A copy is on its way and was not answered. */
  inFlight = false;
  /** Copies that may have been applied: sent, and not answered with a refusal. */
  private doubtful = 0;
  /** Set when Redis refused it for a reason that does not pass: its number is to be closed. */
  closing: RedisStreamsError | undefined;

  /** @param firstSent monotonic, ms */
  constructor(
    readonly epoch: number,
    readonly number: number,
    readonly entries: readonly OutgoingEntry[],
    readonly firstSent: number,
  ) {}

  /** Each copy was refused or never left: certainly nothing of it was applied. */
  get isUntouched(): boolean {
    return this.doubtful === 0;
  }

  /** The entries that were not abandoned. */
  wanted(): OutgoingEntry[] {
    return this.entries.filter(({ abandoned }) => !abandoned);
  }

  /** A copy was refused, or never left. */
  refused(): void {
    this.doubtful--;
    if (this.isUntouched) for (const entry of this.entries) entry.recalled();
  }

  /** Tells the entries what the copy that was applied did with them. */
  applied(answer: EnqueueAnswer & { readonly kind: 'applied' }): void {
    const layout = this.versions[answer.version] ?? [];
    for (let s = 0; s < layout.length; s++) {
      const verdict = answer.sections[s];
      if (verdict === undefined) continue;
      const { entries } = layout[s] as Section;
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i] as OutgoingEntry;
        if (i < verdict.count) entry.stored(verdict.first, i);
        else if (!entry.abandoned) entry.refused(verdict.refusal ?? 'E', verdict.error);
      }
    }
  }

  /** Certainly nothing of it was applied, or will be. */
  failed(error: RedisStreamsError): void {
    for (const entry of this.wanted()) entry.failed(error);
  }

  /** Whether it was applied will not be known any more. */
  unknown(): void {
    for (const entry of this.wanted()) entry.unknown();
  }

  /** It is not known any more whether a copy that left was applied. */
  taint(): void {
    if (!this.isUntouched) for (const entry of this.entries) entry.tainted = true;
  }

  /** Lays out the next copy. An empty batch is sent all the same: its number must be used. */
  nextVersion(now: number): { version: number; sections: BatchSection[] } {
    const sections: (BatchSection & { entries: (readonly string[])[] })[] = [];
    const layout: Section[] = [];
    let last = -1;
    for (const entry of this.entries) {
      if (entry.abandoned) continue;
      // Most batches have one section, so the one before is looked at first.
      const known = last >= 0 ? sections[last] : undefined;
      const at =
        known !== undefined && sameSection(known, entry)
          ? last
          : sections.findIndex((section) => sameSection(section, entry));
      if (at === -1) {
        last = sections.length;
        const { stream, pattern, mode, hasExtraFields } = entry;
        sections.push({ stream, pattern, mode, hasExtraFields, entries: [entry.fields(now)] });
        layout.push({ entries: [entry] });
      } else {
        last = at;
        sections[at]?.entries.push(entry.fields(now));
        layout[at]?.entries.push(entry);
      }
      entry.copies++;
    }
    this.versions.push(layout);
    this.doubtful++;
    return { version: this.versions.length - 1, sections };
  }
}

function sameSection(section: BatchSection, entry: OutgoingEntry): boolean {
  return (
    section.pattern === entry.pattern &&
    section.stream === entry.stream &&
    section.mode === entry.mode &&
    section.hasExtraFields === entry.hasExtraFields
  );
}
