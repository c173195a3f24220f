import { REPLY, type ReplyKind } from '../../../protocol/frame.js';
import { hasProtoKey, isShallow } from '../../../protocol/json.js';

/** A reply as it is stored under an idempotency key; the payload is JSON. */
export interface StoredReply {
  readonly kind: ReplyKind;
  readonly payload: string | undefined;
}

/** Replies that others follow, and those that end a call. Faults of the transport are no results. */
const MORE: ReadonlySet<unknown> = new Set([REPLY.next, REPLY.packed, REPLY.restart]);
const FINAL: ReadonlySet<unknown> = new Set([
  REPLY.last,
  REPLY.done,
  REPLY.error,
  REPLY.packedLast,
]);

/**
 * Reads `[[kind, payload?], …]`, the result of an earlier entry with the same key. An event leaves an empty list.
 * Undefined if the text is anything else.
 */
export function readResult(text: string): StoredReply[] | undefined {
  if (hasProtoKey(text)) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  const replies: StoredReply[] = [];
  for (const [i, part] of (list as unknown[]).entries()) {
    if (!Array.isArray(part) || part.length > 2) return undefined;
    const [kind, payload] = part as unknown[];
    if (!(i === list.length - 1 ? FINAL : MORE).has(kind) || !isShallow(payload)) return undefined;
    const written = payload === undefined ? undefined : JSON.stringify(payload);
    replies.push({ kind: kind as ReplyKind, payload: written });
  }
  return replies;
}
