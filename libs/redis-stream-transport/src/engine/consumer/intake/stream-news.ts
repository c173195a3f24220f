import type { Keys } from '../../../protocol/keys.js';
import type { LinkSettings } from '../../../redis/link.js';
import { StreamChanges } from '../../../redis/stream-changes.js';
import type { Connection } from '../../../redis/connect.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { DueStreams } from './due-streams.js';
import { Flood } from './flood.js';
import type { StreamState } from './stream-state.js';

/** Streams of a group up to which one blocking read of all of them is cheap. */
const FEW = 32;
/** Milliseconds without news after Redis refused to tell, or told too much of others. */
const REST = 60_000;

export interface StreamNewsParts {
  readonly context: ShardContext;
  readonly links: LinkSettings;
  readonly keys: Keys;
  readonly streams: readonly StreamState[];
  /** What the names of streams begin with that may come. */
  readonly begins: readonly string[];
}

export interface Told {
  readonly due: DueStreams;
  /** Checks again what can be read. */
  wake(): void;
}

/** News of the streams of a group, if there are so many that it should not name them all in each read. */
export function newsOf(parts: StreamNewsParts, told: Told): StreamNews | undefined {
  const isWorthIt = parts.streams.length > FEW;
  return isWorthIt ? new StreamNews(parts, told) : undefined;
}

/** Passes on which streams Redis says were written, and does without for a while where that does not go well. */
export class StreamNews {
  private readonly changes: StreamChanges;
  private stopped = true;
  private cancelRest: () => void = () => undefined;
  private flood = new Flood();

  constructor(
    private readonly parts: StreamNewsParts,
    private readonly told: Told,
  ) {
    const { links, keys, streams, begins, context } = parts;
    const names = [...streams.map(({ name }) => name), ...begins];
    const prefix = commonStart(names.map((name) => keys.stream(name)));
    this.changes = new StreamChanges(links, prefix, {
      changed: (written) => this.changed(written),
      lost: () => this.lost(),
      refused: ({ message }) => {
        context.logger.log(
          'STREAM_NEWS_REFUSED',
          `Redis does not tell which streams are written: ${message}`,
        );
        this.rest();
      },
    });
  }

  get connection(): Connection | undefined {
    return this.changes.link.current;
  }

  start(): void {
    this.stopped = false;
    this.changes.link.start();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelRest();
    await this.changes.link.stop();
  }

  private changed(written: readonly string[] | undefined): void {
    const { told, parts } = this;
    const { context } = parts;
    const ours = told.due.changed(written);
    if (
      written !== undefined &&
      this.flood.isMet(context.clock.now(), ours, written.length - ours)
    ) {
      const why = 'Redis tells more of the streams of other services than of ours';
      context.logger.log('STREAM_NEWS_FLOOD', `${why}: for a minute all of ours are read at once`);
      this.rest();
    }
    told.wake();
  }

  private lost(): void {
    this.told.due.lost();
    this.told.wake();
  }

  /** Gives up the connection, and makes another one after a while. */
  private rest(): void {
    this.flood = new Flood();
    this.cancelRest();
    void this.changes.link.stop().then(() => {
      if (this.stopped) return;
      this.cancelRest = this.parts.context.clock.after(REST, () => this.changes.link.start());
    });
  }
}

/** What all keys begin with: the less of other services is told. */
function commonStart(keys: readonly string[]): string {
  const [first = ''] = keys;
  let length = first.length;
  for (const key of keys) {
    let i = 0;
    while (i < length && key.charCodeAt(i) === first.charCodeAt(i)) i++;
    length = i;
  }
  // No half of a character of two units.
  const last = first.charCodeAt(length - 1);
  return first.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
