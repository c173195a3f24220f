import { hasProtoKey, hostileValue, isShallow, isTexts } from './json.js';

/** The kinds of replies. The numbers are part of the wire. */
export const REPLY = {
  /** A value, and more may follow. */
  next: 0,
  /** The last value. */
  last: 1,
  /** No further value. */
  done: 2,
  /** What the handler threw, as Nest's filters left it. */
  error: 3,
  /** An error of the transport: `{ code, message, outcome }`. */
  fault: 4,
  /** Output of the service's serializer, and more may follow. */
  packed: 5,
  /** Output of the service's serializer, the last one. */
  packedLast: 6,
  /** The values begin anew, because another run of a restartable handler begins. */
  restart: 7,
} as const;

export type ReplyKind = (typeof REPLY)[keyof typeof REPLY];

/**
 * One reply: `[call, kind, deliveries, nonce, index, payload?, headers?]`.
 * `deliveries` counts how often the entry was handed out. `nonce` tells the runs of one consumer apart. `index` numbers
 * the values of a run from 0. So gaps, repetitions and restarts can be seen (rule L14).
 * Before headers, a payload that is left out has to be written as `null`. The 1 after the headers says that it is none.
 */
export type Reply = readonly [
  call: string,
  kind: ReplyKind,
  deliveries: number,
  nonce: number,
  index: number,
  payload?: unknown,
  headers?: Readonly<Record<string, string>>,
  empty?: 1,
];

export interface Frame {
  /** Consumer that ran the handlers. */
  readonly instance: string;
  readonly replies: readonly Reply[];
  /** How many replies were left out, because it cannot be read which calls they are for. */
  readonly unreadable: number;
  /** Characters of the frame. */
  readonly length?: number;
}

/** A reply that is to be written. Its parts are those of `Reply`; payload and headers are JSON already. */
export interface WrittenReply {
  readonly call: string;
  readonly kind: ReplyKind;
  readonly deliveries: number;
  readonly nonce: number;
  readonly index: number;
  readonly payload: string | undefined;
  readonly headers: string | undefined;
}

/** Text of one reply. */
export function encodeReply(reply: WrittenReply): string {
  const { call, kind, deliveries, nonce, index, payload, headers } = reply;
  const head = `["${call}",${kind},${deliveries},${nonce},${index}`;
  if (payload === undefined && headers === undefined) return head + ']';
  if (headers === undefined) return `${head},${payload}]`;
  return payload === undefined ? `${head},null,${headers},1]` : `${head},${payload},${headers}]`;
}

/** Text of a fault about an entry that no handler runs in this process. `payload` is JSON already. */
export function encodeFault(call: string, payload: string): string {
  const place = { deliveries: 1, nonce: 0, index: 0 };
  return encodeReply({ call, kind: REPLY.fault, ...place, payload, headers: undefined });
}

/** A frame: `1 instance [reply,…]`. It is one reply-log record and one Pub/Sub message. */
export function encodeFrame(instance: string, replies: string): string {
  return `1 ${instance} [${replies}]`;
}

/**
 * Reads a frame, or says why it cannot be read. A reply that is malformed or hostile does no harm to the others: it
 * becomes a fault, or is only counted if it cannot be read which call it is for.
 */
export function decodeFrame(text: string): Frame | string {
  if (!text.startsWith('1 ')) return 'unknown frame version';
  const end = text.indexOf(' ', 2);
  if (end === -1) return 'no instance';
  const instance = text.slice(2, end);
  const body = text.slice(end + 1);
  let replies: unknown;
  try {
    replies = JSON.parse(body);
  } catch {
    return 'not JSON';
  }
  if (!Array.isArray(replies)) return 'not a list';
  const { length } = text;
  if (hasProtoKey(body)) return { ...sorted(instance, replies), length };
  for (let i = 0; i < replies.length; i++) {
    if (!isReply(replies[i])) return { ...sorted(instance, replies), length };
  }
  return { instance, replies: replies as Reply[], unreadable: 0, length };
}

/** Whether a part of a frame has the form of a reply, with a payload that is not nested too deep. */
function isReply(reply: unknown): reply is Reply {
  if (!Array.isArray(reply)) return false;
  const [call, kind, deliveries, nonce, index, payload, headers] = reply as unknown[];
  return (
    typeof call === 'string' &&
    Number.isSafeInteger(kind) &&
    isCount(deliveries) &&
    Number.isFinite(nonce) &&
    isCount(index) &&
    (typeof payload !== 'object' || isShallow(payload)) &&
    (headers === undefined || headers === null || isTexts(headers))
  );
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Checks each reply by itself. The slow path, for a frame in which something looks hostile. */
function sorted(instance: string, parts: readonly unknown[]): Frame {
  const replies: Reply[] = [];
  let unreadable = 0;
  for (const part of parts) {
    const call: unknown = Array.isArray(part) ? part[0] : undefined;
    if (typeof call !== 'string') unreadable++;
    else if (!isReply(part)) replies.push(fault(call, part as readonly unknown[]));
    else replies.push(defused(part));
  }
  return { instance, replies, unreadable };
}

function defused(reply: Reply): Reply {
  const reason = hostileValue(reply[5]) ?? hostileValue(reply[6]);
  return reason === undefined ? reply : fault(reply[0], reply, reason);
}

/** The fault that a caller gets in place of a reply that cannot be passed on. */
function fault(call: string, part: readonly unknown[], reason = whyNot(part)): Reply {
  const [deliveries, nonce, index] = [part[2], part[3], part[4]].map((n) => (isCount(n) ? n : 0));
  const payload = { code: 'INVALID_MESSAGE', message: `reply: ${reason}`, outcome: 'may-have-run' };
  const place = [deliveries, nonce, index] as [number, number, number];
  return [call, REPLY.fault, ...place, payload];
}

function whyNot(part: readonly unknown[]): string {
  return hostileValue(part[5]) ?? 'malformed';
}
