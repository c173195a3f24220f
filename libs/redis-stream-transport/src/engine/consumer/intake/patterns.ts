import { shardOf } from '../../../protocol/keys.js';
import type { Pause } from '../../../protocol/pause.js';
import { classStreams } from '../../../protocol/priority.js';
import { spreadStreams } from '../../../protocol/spread.js';
import { PatternState, type PatternSpec } from './pattern-state.js';
import { RANK, StreamState, type Rank } from './stream-state.js';

/** What one group reads in one shard. Patterns that wildcards stand for come and go. */
export interface PatternsHere {
  readonly states: PatternState[];
  readonly streams: StreamState[];
}

/**
 * The patterns of a service. Each has one state for all streams: its bound is that of the process, and callers may
 * have other lanes configured than this service, so its entries may come from several streams.
 */
export class Patterns {
  private readonly own = new Map<string, PatternState>();
  private readonly broadcasts = new Map<string, PatternState>();

  private readonly streams: StreamState[] = [];
  /** The names of those that the group of the service reads. */
  private readonly names = new Set<string>();
  /** The streams of spread patterns, by shard. */
  private readonly spread = new Map<PatternSpec, readonly string[]>();
  private paused: ReadonlyMap<string, Pause> = new Map();

  constructor(
    specs: readonly PatternSpec[],
    private readonly shards: number,
  ) {
    for (const spec of specs) {
      this.of(spec.broadcast).set(spec.pattern, new PatternState(spec));
      if (spec.spread !== undefined) this.spread.set(spec, spreadStreams(spec.pattern, shards));
    }
  }

  /** The patterns that have a stream in a shard. A lane that several patterns share is one stream. */
  here(shard: number, broadcast: boolean): PatternsHere {
    const all = this.of(broadcast);
    const states: PatternState[] = [];
    const streams = new Map<string, StreamState>();
    for (const state of all.values()) {
      const name = this.spread.get(state.spec)?.[shard] ?? state.spec.stream;
      if (shardOf(name, this.shards) !== shard) continue;
      states.push(state);
      const add = (each: string, rank: Rank): void => {
        let stream = streams.get(each);
        if (stream === undefined) {
          streams.set(each, (stream = new StreamState(each, all, rank, name)));
          this.streams.push(stream);
          if (!broadcast) this.names.add(each);
        }
        stream.patterns.set(state.spec.pattern, state);
      };
      // What matters more comes first, also of what a dead instance has left.
      const classes = state.spec.priorities === true ? classStreams(name, this.shards) : undefined;
      if (classes !== undefined) add(classes.high, RANK.high);
      add(name, RANK.normal);
      if (classes !== undefined) add(classes.low, RANK.low);
    }
    return { states, streams: [...streams.values()] };
  }

  /** Adds a pattern that a wildcard stands for. It has a stream of its own. */
  add(spec: PatternSpec): StreamState {
    const state = new PatternState(spec);
    state.pause = this.paused.get(spec.pattern);
    this.own.set(spec.pattern, state);
    const stream = new StreamState(spec.stream, this.own);
    stream.patterns.set(spec.pattern, state);
    stream.hasPauses = state.pause !== undefined;
    this.streams.push(stream);
    this.names.add(stream.name);
    return stream;
  }

  /** Takes it away again. */
  drop(stream: StreamState): void {
    const { name } = stream;
    this.own.delete(name);
    this.names.delete(name);
    const at = this.streams.indexOf(stream);
    if (at >= 0) this.streams.splice(at, 1);
    // Callers with other lanes may have brought it into these.
    for (const { patterns } of this.streams) patterns.delete(name);
  }

  /** Whether the service handles a pattern by its name, or reads a lane, or the stream of a class, that is named so. */
  has(pattern: string): boolean {
    return this.own.has(pattern) || this.names.has(pattern);
  }

  get all(): PatternState[] {
    return [...this.own.values(), ...this.broadcasts.values()];
  }

  /** Something is paused. */
  hasPauses = false;

  /**
   * Pauses these patterns, and resumes all others.
   * @returns what has changed: patterns, with `undefined` for those that go on
   */
  pause(paused: ReadonlyMap<string, Pause>): Map<string, Pause | undefined> {
    const changed = new Map<string, Pause | undefined>();
    for (const state of this.all) {
      const { pattern } = state.spec;
      const pause = paused.get(pattern);
      if (!isSame(state.pause, pause)) changed.set(pattern, pause);
      state.pause = pause;
      if (pause === undefined) state.isOwing = false;
    }
    this.paused = paused;
    this.hasPauses = paused.size > 0;
    for (const stream of this.streams) {
      stream.hasPauses = [...stream.patterns.values()].some(({ pause }) => pause !== undefined);
    }
    return changed;
  }

  private of(broadcast: boolean): Map<string, PatternState> {
    return broadcast ? this.broadcasts : this.own;
  }
}

const isSame = (one: Pause | undefined, other: Pause | undefined): boolean =>
  one?.at === other?.at && one?.until === other?.until && one?.refuses === other?.refuses;

/** The pattern of entries without a handler. */
export const UNHANDLED = new PatternState({
  pattern: '',
  stream: '',
  answers: false,
  hears: false,
  broadcast: false,
  concurrency: undefined,
  retry: undefined,
  once: false,
  restartable: false,
});
