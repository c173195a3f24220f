import { timeOf } from '../protocol/entry.js';
import { decodeFrame, REPLY, type ReplyKind } from '../protocol/frame.js';
import { rawEntries } from '../redis/answer.js';
import type { TracedReply } from './call-trace.js';
import type { WantedCall } from './find-calls.js';
import { inParts, unlessRefused, type Place } from './place.js';

/** Records of a log that are read at once, and from each log at most. */
const PAGE = 20;
const MOST = 2000;
/** Characters that are shown of an error. */
const LONGEST = 1024;

const KINDS: Readonly<Record<ReplyKind, TracedReply['kind']>> = {
  [REPLY.next]: 'value',
  [REPLY.last]: 'last value',
  [REPLY.done]: 'end',
  [REPLY.error]: 'error of the handler',
  [REPLY.fault]: 'fault',
  [REPLY.packed]: 'value',
  [REPLY.packedLast]: 'last value',
  [REPLY.restart]: 'restart',
};

/** Replies to a call that its caller has not removed yet, oldest first. */
export async function repliesTo(place: Place, wanted: WantedCall): Promise<TracedReply[]> {
  const found = await inParts(place.shards, async ({ link, keys }) => {
    const replies: TracedReply[] = [];
    let from = '-';
    for (let read = 0; read < MOST; read += PAGE) {
      const log = keys.log(wanted.caller);
      const page = link.command('xrange', [log, from, '+', 'COUNT', String(PAGE)]);
      const records = rawEntries(await unlessRefused(page, []), 'XRANGE');
      for (const { id, fields } of records) {
        replies.push(...repliesIn(fields[fields.indexOf('f') + 1] ?? '', timeOf(id), wanted.call));
      }
      const last = records.at(-1)?.id;
      if (records.length < PAGE || last === undefined) break;
      from = `(${last}`;
    }
    return replies;
  });
  return found.flat().toSorted((one, other) => one.at - other.at);
}

function repliesIn(text: string, at: number, wanted: string): TracedReply[] {
  const frame = decodeFrame(text);
  if (typeof frame === 'string') return [];
  const { instance, replies } = frame;
  return replies
    .filter(([call]) => call === wanted)
    .map(([, kind, deliveries, , , payload]) => ({
      at,
      instance,
      kind: KINDS[kind] ?? 'fault',
      deliveries,
      text:
        kind === REPLY.error || kind === REPLY.fault
          ? JSON.stringify(payload)?.slice(0, LONGEST)
          : undefined,
    }));
}
