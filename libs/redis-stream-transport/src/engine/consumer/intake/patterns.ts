import { shardOf } from '../../../protocol/keys.js';
import { PatternState, type PatternSpec } from './pattern-state.js';
import { StreamState } from './stream-state.js';

/** What one group reads in one shard. */
export interface PatternsHere {
  readonly states: readonly PatternState[];
  readonly streams: readonly StreamState[];
}

/**
 * The patterns of a service. Each has one state for all streams: its bound is that of the process, and callers may
 * have other lanes configured than this service, so its entries may come from several streams.
 */
export class Patterns {
  private readonly own = new Map<string, PatternState>();
  private readonly broadcasts = new Map<string, PatternState>();

  constructor(
    specs: readonly PatternSpec[],
    private readonly shards: number,
  ) {
    for (const spec of specs) this.of(spec.broadcast).set(spec.pattern, new PatternState(spec));
  }

  /** The patterns whose streams are in a shard. A lane that several patterns share is one stream. */
  here(shard: number, broadcast: boolean): PatternsHere {
    const all = this.of(broadcast);
    const states: PatternState[] = [];
    const streams = new Map<string, StreamState>();
    for (const state of all.values()) {
      const { spec } = state;
      if (shardOf(spec.stream, this.shards) !== shard) continue;
      states.push(state);
      let stream = streams.get(spec.stream);
      if (stream === undefined) {
        stream = new StreamState(spec.stream, all);
        streams.set(spec.stream, stream);
      }
      stream.patterns.set(spec.pattern, state);
    }
    return { states, streams: [...streams.values()] };
  }

  private of(broadcast: boolean): Map<string, PatternState> {
    return broadcast ? this.broadcasts : this.own;
  }
}
