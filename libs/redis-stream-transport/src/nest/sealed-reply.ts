import type { Call } from '../engine/producer/call.js';
import type { ReplyOrigin } from '../engine/producer/call-request.js';
import { RedisStreamsError } from '../errors.js';
import {
  KeyUnavailable,
  UntrustedMessage,
  type OpenedReply,
  type Opener,
  type ReplyFacts,
} from '../options/sealing.js';
import { wireCodec } from '../protocol/header.js';
import { SEALED_CODEC } from '../protocol/sealed-text.js';
import { isA, thrownText } from '../thrown.js';
import { UnreadableData } from './packets.js';

const WIRE = wireCodec('text', SEALED_CODEC);

/** Opens a reply that has just come, as one of this call, this run and this place in it. */
export async function openReply(
  opener: Opener,
  payload: unknown,
  call: Call,
  { last, origin }: { readonly last: boolean; readonly origin: ReplyOrigin },
): Promise<OpenedReply> {
  // The call goes on while the reply is being read: its facts are those of this moment.
  const facts: ReplyFacts = {
    pattern: call.pattern,
    caller: call.caller,
    call: call.id,
    key: call.key,
    instance: origin.instance,
    deliveries: origin.deliveryCount,
    nonce: call.run?.nonce ?? 0,
    index: call.next - 1,
    last,
    request: call.data,
  };
  const [codec, text] = Array.isArray(payload) ? (payload as unknown[]) : [];
  if (codec !== WIRE || typeof text !== 'string') throw new UntrustedMessage('it is not sealed');
  return opener.reply(text, facts);
}

/** What a call ends with whose reply cannot be opened. */
export function untrustedReply(error: unknown, pattern: string): RedisStreamsError {
  const facts = { pattern, outcome: 'may-have-run', cause: error } as const;
  const why = thrownText(error);
  if (isA(error, UntrustedMessage)) {
    return new RedisStreamsError(
      'UNTRUSTED',
      `a reply of ${pattern} is not to be trusted: ${why}`,
      facts,
    );
  }
  if (isA(error, KeyUnavailable)) {
    return new RedisStreamsError(
      'KEY_UNAVAILABLE',
      `a reply of ${pattern} cannot be opened: ${why}`,
      facts,
    );
  }
  const code = isA(error, UnreadableData) ? error.code : 'INVALID_MESSAGE';
  return new RedisStreamsError(code, `a reply of ${pattern} cannot be read: ${why}`, facts);
}
