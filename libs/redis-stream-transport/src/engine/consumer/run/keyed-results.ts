import { hash } from 'node:crypto';
import { identityOf } from '../../../protocol/sealed-text.js';
import { REPLY, type ReplyKind } from '../../../protocol/frame.js';
import type { KeyedResult } from '../../../redis/group-broker.js';
import { timedDigest } from '../../../protocol/result-record.js';
import { readResult } from '../settle/stored-result.js';
import type { Delivery } from './delivery.js';

/** What tells the payload of a delivery from others. It is kept: a claim may be repeated, and the result has it. */
export function digestOf(delivery: Delivery): string {
  const { header, data } = delivery.entry;
  return (delivery.digest ??= hash('sha256', identityOf(header.codecName, data), 'base64url'));
}

/** The idempotency key under which a delivery may run. */
export function keyOf({
  entry,
  pattern,
}: Delivery): Pick<KeyedResult, 'pattern' | 'key'> | undefined {
  if (entry.key === undefined) return undefined;
  return { pattern: pattern.spec.pattern, key: entry.key };
}

/**
 * What is stored under the key when the delivery ends. A fault of the transport is no result: then the key is
 * given up, and the next entry with it runs.
 */
export function resultOf(delivery: Delivery, kind: ReplyKind | undefined): KeyedResult | undefined {
  const { recorded, digest, entry } = delivery;
  const { key } = entry;
  if (key === undefined || recorded === undefined || digest === undefined) return undefined;
  const { pattern } = delivery.pattern.spec;
  const result = kind === REPLY.fault ? undefined : recorded.text;
  const timed = key === delivery.callId ? timedDigest(digest, entry.addedAt) : digest;
  return { pattern, key, digest: timed, result };
}

/** Answers from a stored result. The entry itself never runs, because another one with its key did. */
export function replay(delivery: Delivery, stored: string | undefined): void {
  const replies = stored === undefined ? undefined : readResult(stored);
  if (replies === undefined) {
    const message = 'what is stored under the idempotency key cannot be read';
    if (delivery.isRequest) delivery.fault('REPLY_LOST', message, 'may-have-run');
    else delivery.deadLetter('idempotency', message);
    return;
  }
  if (!delivery.isRequest) {
    delivery.acknowledge();
    return;
  }
  for (const [i, { kind, payload }] of replies.entries()) {
    delivery.reply(kind, payload, i === replies.length - 1);
  }
  // An event stored no reply, so a request with its key gets an empty one.
  if (replies.length === 0) delivery.value(undefined, true);
}
