import type { Clock } from '../../clock.js';
import type { StreamState } from './stream-state.js';

/**
 * Milliseconds between two reads of all streams while reads name only streams of which Redis told. They find what was
 * not told, so they bound how long it waits (rule L24).
 */
const SWEEP = 1000;

/**
 * Knows which of many streams may have entries, because Redis tells which ones were written. A read then names these
 * alone: one that names all costs Redis more with each stream. Only a hint: as long as nothing was heard on the present
 * connection, and whenever there is none, any stream may have entries.
 */
export class DueStreams {
  /** Written since their last read began, or had more than it asked for. */
  private readonly told = new Set<StreamState>();
  /** May have entries that were not told. */
  private readonly unsure = new Set<StreamState>();
  private hears = false;
  private sweptAt = 0;
  /** The next read begins with those that are not sure, so that neither kind waits for the other. */
  private unsureFirst = false;

  /** @param byKey the streams that are read, by their keys */
  constructor(
    private readonly byKey: ReadonlyMap<string, StreamState>,
    private readonly clock: Clock,
  ) {}

  /**
   * These keys were written; undefined: any may have been. The first such message proves that Redis tells.
   * @returns how many of the keys are streams of ours
   */
  changed(keys: readonly string[] | undefined): number {
    if (!this.hears || keys === undefined) this.all();
    this.hears = true;
    let ours = 0;
    for (const key of keys ?? []) {
      const stream = this.byKey.get(key);
      if (stream === undefined) continue;
      this.told.add(stream);
      ours++;
    }
    return ours;
  }

  /** The stream is not read any more. */
  drop(stream: StreamState): void {
    this.told.delete(stream);
    this.unsure.delete(stream);
  }

  /** The connection over which Redis tells is gone. */
  lost(): void {
    this.hears = false;
  }

  /** Any stream may have entries, whatever was told of it. */
  all(): void {
    this.sweptAt = this.clock.now();
    for (const stream of this.byKey.values()) this.unsure.add(stream);
  }

  /** Streams that the next read may name, the most urgent first; undefined: all, for nobody tells. */
  next(): readonly StreamState[] | undefined {
    if (!this.hears) return undefined;
    if (this.clock.now() - this.sweptAt >= SWEEP) this.all();
    if (this.unsure.size === 0) return [...this.told];
    this.unsureFirst = !this.unsureFirst;
    const [first, second] = this.unsureFirst ? [this.unsure, this.told] : [this.told, this.unsure];
    return [...new Set([...first, ...second])];
  }

  /** Milliseconds until all streams are to be read; undefined: a blocking read waits instead. */
  get sweepIn(): number | undefined {
    return this.hears ? Math.max(1, this.sweptAt + SWEEP - this.clock.now()) : undefined;
  }

  /** A read of these is about to be sent. What is told from now on may come too late for it. */
  asked(streams: readonly StreamState[]): void {
    for (const stream of streams) {
      this.told.delete(stream);
      this.unsure.delete(stream);
    }
  }

  /** A read brought as much of this stream as it asked for. */
  filled(stream: StreamState): void {
    this.told.add(stream);
  }
}
