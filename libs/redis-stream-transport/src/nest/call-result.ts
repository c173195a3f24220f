/** What is known of a call: what `resultOf` tells. Times are milliseconds since 1970 by Redis' clock. */
export type CallResult<T = unknown> =
  | {
      readonly state: 'done';
      /** All values, in their order; of a call that is no stream one or none. */
      readonly values: readonly T[];
      /** When it was stored; undefined where only its end is known. */
      readonly storedAt: number | undefined;
      readonly endedAt: number;
    }
  | {
      readonly state: 'failed';
      /** What `send` fails with: what the handler threw, or a `RedisStreamsError`. */
      readonly error: unknown;
      /** Values before the error. */
      readonly values: readonly T[];
      readonly storedAt: number | undefined;
      readonly endedAt: number;
    }
  /** `waiting`: it was handed to no instance yet; `running`: one has it. */
  | { readonly state: 'waiting' | 'running'; readonly storedAt: number }
  /** It was never stored here, or nothing of it is left. */
  | { readonly state: 'unknown' };
