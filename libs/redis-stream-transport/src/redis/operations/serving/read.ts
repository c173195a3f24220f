import { readAnswer, type StreamEntries } from '../../entries.js';
import type { Link } from '../../link.js';
import type { GroupPlace } from '../place.js';

/** What a blocking read asks for. */
export interface ReadRequest {
  readonly consumer: string;
  readonly streams: readonly string[];
  /** How many entries to read of each stream, at most. */
  readonly count: number;
  /** Milliseconds to wait for entries, at most; 0: do not wait. */
  readonly block: number;
}

/** Reads what no consumer was given yet. Blocks the connection `reader`, which is not that of the place. */
export async function readGroup(
  { keys, group }: GroupPlace,
  reader: Link,
  { consumer, streams, count, block }: ReadRequest,
): Promise<StreamEntries[]> {
  const args = ['GROUP', group, consumer, 'COUNT', String(count)];
  if (block > 0) args.push('BLOCK', String(block));
  args.push('STREAMS');
  for (const stream of streams) args.push(keys.stream(stream));
  for (let i = 0; i < streams.length; i++) args.push('>');
  // Lower case: in upper case the client would skip the shape that readAnswer expects.
  return readAnswer(await reader.command('xreadgroup', args, block));
}
