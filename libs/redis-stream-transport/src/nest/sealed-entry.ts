import type { Delivery } from '../engine/consumer/run/delivery.js';
import {
  KeyUnavailable,
  UntrustedMessage,
  type Opener,
  type OpenedEntry,
  type ProvenCaller,
  type ReceivedFacts,
} from '../options/sealing.js';
import { SEALED_CODEC } from '../protocol/sealed-text.js';
import { isA, thrownText } from '../thrown.js';
import { unreadable, type Hand } from './entry-data.js';

/** Who sent the entries that were opened. */
const callers = new WeakMap<Delivery, ProvenCaller>();

/** Who sent an entry; undefined where messages are not sealed. */
export const callerOf = (delivery: Delivery): ProvenCaller | undefined => callers.get(delivery);

/**
 * Opens a sealed entry and hands its data on, if its message came for the first time. What is not sealed as this entry
 * ends the delivery. So do the deadline and the caller meanwhile. A key that cannot be had is not the fault of the entry:
 * it is tried again.
 *
 * @param redisNow milliseconds of Redis' clock
 */
export function readSealed(delivery: Delivery, opener: Opener, redisNow: number, hand: Hand): void {
  let begun = false;
  delivery.whenAborted((reason) => {
    if (!begun) delivery.unstarted(reason);
  });
  const begin = (opened: OpenedEntry): void => {
    if (delivery.ended) return;
    begun = true;
    callers.set(delivery, opened.caller);
    const { headers } = delivery.entry;
    const { data, metadata } = opened;
    hand(delivery, data, metadata === undefined ? headers : { ...headers, ...metadata });
  };
  open(delivery, opener, redisNow).then(
    (opened) => {
      if (delivery.ended) return;
      const { id: message, rememberMs } = opened;
      delivery.admit({ message, rememberMs }, () => begin(opened));
    },
    (error: unknown) => refuse(delivery, error),
  );
}

async function open(delivery: Delivery, opener: Opener, now: number): Promise<OpenedEntry> {
  const { header, data } = delivery.entry;
  if (header.codec !== 'text' || header.codecName !== SEALED_CODEC) {
    throw new UntrustedMessage('it is not sealed');
  }
  return opener.entry(data, factsOf(delivery, now));
}

function factsOf({ entry, pattern, stream }: Delivery, now: number): ReceivedFacts {
  const { header, key, headers, group, addedAt } = entry;
  const { caller, call, idle, once, message, timeout } = header;
  return {
    pattern: pattern.spec.pattern,
    stream: stream.own,
    ...{ caller, call, idle, once, message, group, key, headers, addedAt, timeout, now },
  };
}

function refuse(delivery: Delivery, error: unknown): void {
  if (isA(error, UntrustedMessage)) delivery.malformed(thrownText(error), 'UNTRUSTED');
  else if (isA(error, KeyUnavailable)) {
    const [detail, thrown] = [thrownText(error), { value: error }];
    delivery.retry({ delay: undefined, state: '', detail, error: undefined, thrown });
  } else unreadable(delivery, error);
}
