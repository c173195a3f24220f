import type { EntryFacts, ReplyFacts } from '../options/sealing.js';

/** Begins all that is bound, so that no text of another use of a key is one of these. */
const DOMAIN = 'nrs-sealed-1';

/**
 * A list of texts as one: how many there are and a semicolon, then each as its length in bytes of UTF-8, a colon and the
 * text. It says by itself where it ends, so what follows it in a signature is never taken for a part of it.
 */
function joined(parts: readonly string[]): Buffer {
  const written = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  return Buffer.from(`${parts.length};${written}`);
}

/** What the seal of an entry binds beside its data. @param head of its sealed text */
export function boundEntry(head: string, facts: EntryFacts): Buffer {
  const { pattern, stream, caller = '', call = '', idle, once, key = '', headers } = facts;
  const { message, group = '' } = facts;
  const kind = call === '' ? 'event' : 'request';
  const flags = `idle=${idle} once=${once ? 1 : 0} message=${message ? 1 : 0}`;
  return joined([
    ...[DOMAIN, kind, head, pattern, stream, caller, call, flags, group, key],
    ...sorted(headers),
  ]);
}

/**
 * What the seal of a reply binds. One that is kept under an idempotency key answers other calls too: it is bound to
 * the key and to the data that it belongs to, not to the call and the run.
 *
 * @param print of the request, which has a key
 */
export function boundReply(head: string, facts: ReplyFacts, print: string): Buffer {
  const { pattern, caller, call, key, instance, deliveries, nonce, index, last } = facts;
  const place = `${index} ${last ? 'last' : 'next'}`;
  if (key !== undefined) return joined([DOMAIN, 'result', head, pattern, key, print, place]);
  const run = `${instance} ${deliveries} ${nonce}`;
  return joined([DOMAIN, 'reply', head, pattern, caller, call, run, place]);
}

/** What tells the data of one idempotency key apart. */
export function boundPrint(pattern: string, key: string, data: Buffer): Buffer {
  return Buffer.concat([joined([DOMAIN, 'print', pattern, key]), data]);
}

/** Headers in the order of the UTF-16 units of their names, each as its name and its value. */
function sorted(headers: Readonly<Record<string, string>> | undefined): string[] {
  if (headers === undefined) return [];
  // The default order is that of UTF-16 units.
  const names = Object.keys(headers).toSorted();
  return names.flatMap((name) => [name, headers[name] as string]);
}
