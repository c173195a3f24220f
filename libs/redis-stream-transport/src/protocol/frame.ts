import { hasProtoKey, hostileValue, isShallow } from './json.js';

/** What a reply says. The numbers are on the wire. */
export const REPLY = {
  /** A value, and more may follow. */
  next: 0,
  /** The last value. */
  last: 1,
  /** No further value. */
  done: 2,
  /** What the handler threw, as Nest's filters made it. */
  error: 3,
  /** What the transport has to say: `{ code, message, outcome }`. */
  fault: 4,
  /** Output of the service's serializer, and more may follow. */
  packed: 5,
  /** Output of the service's serializer, the last one. */
  packedLast: 6,
  /** The values begin anew: another run of a handler that may be restarted. */
  restart: 7,
} as const;

export type ReplyKind = (typeof REPLY)[keyof typeof REPLY];

/**
 * One reply: `[call, kind, deliveries, nonce, index, payload?, headers?]`.
 * `deliveries` counts how often the entry was handed out, `nonce` tells runs of one consumer apart and
 * `index` numbers the values of a run from 0, so that gaps, repetitions and restarts are seen (rule L14).
 * Where headers follow, JSON has no other way than `null` to leave the payload out; the 1 behind them
 * says that it was left out.
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
}

/** Text of one reply. `payload` is JSON already. */
export function encodeReply(
  call: string,
  kind: ReplyKind,
  deliveries: number,
  nonce: number,
  index: number,
  payload: string | undefined,
  headers: string | undefined,
): string {
  const head = `["${call}",${kind},${deliveries},${nonce},${index}`;
  if (payload === undefined && headers === undefined) return head + ']';
  if (headers === undefined) return `${head},${payload}]`;
  return payload === undefined ? `${head},null,${headers},1]` : `${head},${payload},${headers}]`;
}

/** A frame: `1 instance [reply,…]`. It is one reply-log record and one Pub/Sub message. */
export function encodeFrame(instance: string, replies: string): string {
  return `1 ${instance} [${replies}]`;
}

/**
 * Reads a frame, or says why it cannot be read. A reply that must not be parsed takes no other reply
 * with it: it arrives as a fault.
 */
export function decodeFrame(text: string): Frame | string {
  if (!text.startsWith('1 ')) return 'unknown frame version';
  const end = text.indexOf(' ', 2);
  if (end === -1) return 'no instance';
  const instance = text.slice(2, end);
  const body = text.slice(end + 1);
  try {
    const replies = JSON.parse(body) as Reply[];
    if (!Array.isArray(replies)) return 'not a list';
    if (hasProtoKey(body)) return { instance, replies: replies.map(defuse) };
    for (let i = 0; i < replies.length; i++) {
      const payload = replies[i]?.[5];
      if (typeof payload === 'object' && !isShallow(payload)) {
        return { instance, replies: replies.map(defuse) };
      }
    }
    return { instance, replies };
  } catch {
    return 'not JSON';
  }
}

/** Slow path, taken when something in a frame looks hostile: checks each reply by itself. */
function defuse(reply: Reply): Reply {
  const reason = hostileValue(reply[5]);
  if (reason === undefined) return reply;
  const payload = { code: 'INVALID_MESSAGE', message: `reply: ${reason}`, outcome: 'may-have-run' };
  return [reply[0], REPLY.fault, reply[2], reply[3], reply[4], payload];
}
