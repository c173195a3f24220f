import { textOr } from '../redis/answer.js';
import { SENT_FIELD } from '../redis/operations/calling/sent.js';
import { inParts, unlessRefused, withPlace, type Whereabouts } from './place.js';
import { scanKeys } from './scanned-keys.js';
import { senderIn, sendersOf, type Senders } from './senders.js';

/** Records of callers that are read: each may have 16 KiB. */
const MOST = 2000;

export interface SendersOptions {
  /** Only those that send this pattern. */
  readonly pattern?: string;
  /** Milliseconds that the search for records may take. Default: 10,000. */
  readonly limit?: number;
}

/**
 * Reads which applications send, and which patterns. Clients say it a second after they send something new, and for ten
 * minutes after the last; those of earlier versions do not.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readSenders(
  options?: Whereabouts,
  { pattern, limit = 10_000 }: SendersOptions = {},
): Promise<Senders> {
  return withPlace(options, async (place) => {
    const until = performance.now() + limit;
    const found = await scanKeys(place, ['caller'], limit);
    const all = found.of('caller');
    let looked = 0;
    const notes = await inParts(all.slice(0, MOST), async ({ shard: { link, keys }, name }) => {
      if (performance.now() >= until) return undefined;
      looked++;
      const said = await unlessRefused(link.command('hget', [keys.caller(name), SENT_FIELD]), '');
      return senderIn(textOr(said, ''));
    });
    const senders = sendersOf(
      notes.filter((one) => one !== undefined),
      pattern,
    );
    return { senders, complete: found.complete && looked === all.length };
  });
}
