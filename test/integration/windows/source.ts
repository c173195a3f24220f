import { eventually, pause } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';

/** A source of numbers that notes how many were asked of it, and its ends. */
export class Source {
  given = 0;
  ended = 0;

  async *numbers(count: unknown = Number.POSITIVE_INFINITY): AsyncGenerator<number> {
    try {
      for (let n = 0; n < Number(count); n++) {
        this.given++;
        yield n;
      }
    } finally {
      this.ended++;
    }
  }

  /** How many it has given once it is not asked for more. */
  async atRest(): Promise<number> {
    return eventually(async () => {
      const { given } = this;
      await pause(150);
      expect(given).toBeGreaterThan(0);
      expect(this.given).toBe(given);
      return given;
    });
  }

  /** Resolves when each of its streams was ended. */
  async over(streams = 1): Promise<void> {
    await eventually(() => expect(this.ended).toBe(streams), 20_000);
  }
}

/** Takes so many values of a reader. */
export async function taken<T>(reader: AsyncIterator<T>, count: number): Promise<T[]> {
  const values: T[] = [];
  for (let n = 0; n < count; n++) values.push((await reader.next()).value as T);
  return values;
}

export const iterate = <T>(reply: AsyncIterable<T>): AsyncIterator<T> =>
  reply[Symbol.asyncIterator]();

interface Shard {
  credit(consumer: string, text: string): void;
  stop(): Promise<void>;
}

const shardsOf = (caller: Caller): readonly Shard[] =>
  (caller as unknown as { producer: { shards: readonly Shard[] } }).producer.shards;

/** Cuts a caller off, as the end of its process would: nobody is told that it waits no longer. */
export async function cutOff(caller: Caller): Promise<void> {
  await Promise.all(shardsOf(caller).map((shard) => shard.stop()));
}

/** Decides which notices of a caller are lost. */
export function loseNotices(caller: Caller, isLost: (number: number) => boolean): void {
  let number = 0;
  for (const shard of shardsOf(caller)) {
    const send = shard.credit.bind(shard);
    shard.credit = (consumer, text) => {
      if (!isLost(number++)) send(consumer, text);
    };
  }
}

/** Counts the notices of a caller. */
export function countNotices(caller: Caller): { count: number; texts: string[] } {
  const seen = { count: 0, texts: [] as string[] };
  for (const shard of shardsOf(caller)) {
    const send = shard.credit.bind(shard);
    shard.credit = (consumer, text) => {
      seen.count++;
      seen.texts.push(text);
      send(consumer, text);
    };
  }
  return seen;
}
