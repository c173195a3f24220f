import { numberOf, textOr } from '../../answer.js';
import { readAnswer, type StreamEntries } from '../../entries.js';
import type { Link } from '../../link.js';
import { LOOK } from '../../lua/look.js';
import { inOneWrite } from '../../reading/one-write.js';
import { ReadTap } from '../../reading/read-tap.js';
import type { GroupPlace } from '../place.js';

/** What a blocking read asks for. */
export interface ReadRequest {
  readonly consumer: string;
  readonly streams: readonly string[];
  /** How many entries to read of each stream, at most. */
  readonly count: number;
  /** Milliseconds to wait for entries, at most; 0: do not wait. */
  readonly block: number;
  /** Packs are expected: asks as well which of them must be looked at before they run. */
  readonly packs?: boolean;
}

/** Packs with a later time in their ids hold no call that has ended; of another memory, nothing is known. */
export interface Watermark {
  readonly incarnation: string;
  /** Milliseconds of Redis' clock. */
  readonly look: number;
}

export interface ReadAnswer {
  readonly read: StreamEntries[];
  /** As Redis said after the read; undefined where it was not asked, or did not say. */
  readonly seen: Watermark | undefined;
}

/** Reads what no consumer was given yet. Blocks the connection `reader`, which is not that of the place. */
export async function readGroup(
  { keys, group }: GroupPlace,
  reader: Link,
  { consumer, streams, count, block, packs = false }: ReadRequest,
): Promise<ReadAnswer> {
  const args = ['GROUP', group, consumer, 'COUNT', String(count)];
  if (block > 0) args.push('BLOCK', String(block));
  args.push('STREAMS');
  for (const stream of streams) args.push(keys.stream(stream));
  for (let i = 0; i < streams.length; i++) args.push('>');
  const tap = ReadTap.on(reader.current);
  tap?.expect();
  // Lower case: in upper case the client would skip the shape that readAnswer expects.
  const send = (): Promise<unknown> => reader.command('xreadgroup', args, block);
  // A read alone is written as it is: to gather what leaves costs a lone call as much as a command.
  const [reading, looking] = packs
    ? inOneWrite(reader.current, () => [
        send(),
        // On the same connection, so Redis answers it after the read, without a way there and back of its own.
        reader.command('hmget', [keys.incarnation(), 'id', LOOK], block),
      ])
    : [send(), undefined];
  const watermark = looking?.then(watermarkOf).catch(() => undefined);
  const answer = await reading;
  const read = tap?.take(answer) ?? readAnswer(answer);
  return { read, seen: watermark === undefined ? undefined : await watermark };
}

function watermarkOf(answer: unknown): Watermark | undefined {
  const [id, look] = Array.isArray(answer) ? (answer as unknown[]) : [];
  return { incarnation: textOr(id, ''), look: numberOf(look) };
}
