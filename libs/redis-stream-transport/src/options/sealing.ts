import type { Proof } from '../protocol/sealed-text.js';
import type { PacketDeserializer, PacketSerializer } from './common-options.js';

/** Facts of an entry that a seal binds: with any other of them it does not open. */
export interface EntryFacts {
  readonly pattern: string;
  readonly stream: string;
  /** Ids of caller and call; undefined for an event. */
  readonly caller: string | undefined;
  readonly call: string | undefined;
  /** Milliseconds; 0: none. */
  readonly idle: number;
  readonly once: boolean;
  /** Of a replayed letter: it is for a message handler, and for one group alone. */
  readonly message: boolean;
  readonly group: string | undefined;
  readonly key: string | undefined;
  /** Those that stand beside the data. */
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** An entry that is to be sealed. */
export interface OutgoingFacts extends EntryFacts {
  /** Milliseconds in which it may still be stored. */
  readonly within: number;
  /** By the clock of who seals it, milliseconds since 1970. */
  readonly now: number;
}

/** An entry that was read. */
export interface ReceivedFacts extends EntryFacts {
  /** When it was stored (clock of Redis, ms). */
  readonly addedAt: number;
  /** Milliseconds from then to its deadline; 0: none. */
  readonly timeout: number;
  /** Redis' clock, ms. */
  readonly now: number;
}

/** Facts of a reply that its seal binds. */
export interface ReplyFacts {
  readonly pattern: string;
  readonly caller: string;
  readonly call: string;
  readonly key: string | undefined;
  /** The run: instance, how often the entry was handed out, and what tells runs of one instance apart. */
  readonly instance: string;
  readonly deliveries: number;
  readonly nonce: number;
  readonly index: number;
  readonly last: boolean;
  /** Sealed text of the request. */
  readonly request: string;
}

/** Who sent a message, as its seal proves. */
export interface ProvenCaller {
  /** Its name: with a key that has a `holder`, that holder; else what some holder of the key calls itself. */
  readonly name: string;
  /** Id of the key. */
  readonly key: string;
  readonly proof: Proof;
  /** Of a dead letter that was put back: who did that. */
  readonly replayedBy?: string;
}

/** What an entry held. */
export interface OpenedEntry {
  readonly data: unknown;
  /** Headers that were sealed with the data, and metadata of the codec inside. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly caller: ProvenCaller;
  /** Id of the message, and for how many milliseconds it must be remembered that it was taken. */
  readonly id: string;
  readonly rememberMs: number;
}

/** What a reply held. */
export interface OpenedReply {
  readonly packet: object;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** A dead letter that an operator puts back: what its own seal binds. */
export interface SealedLetter extends EntryFacts {
  /** Its sealed text. */
  readonly text: string;
}

/** Seals messages: the writing half of a codec that is told of each message which one it is. */
export interface Sealer {
  /** Headers of entries are sealed with the data, and do not stand beside it. */
  readonly hidesHeaders: boolean;
  /** @param packet `pattern`, `data` and `metadata`, as serializers have it */
  entry(packet: Readonly<Record<string, unknown>>, facts: OutgoingFacts): Promise<string>;
  /** @param headers are sealed with the reply */
  reply(
    packet: Readonly<Record<string, unknown>>,
    headers: string | undefined,
    facts: ReplyFacts,
  ): string | Promise<string>;
  letter(letter: SealedLetter, facts: OutgoingFacts): Promise<string>;
}

/** Opens messages: the reading half. */
export interface Opener {
  /** @throws UntrustedMessage, or what reading the data inside throws; KeyUnavailable */
  entry(text: string, facts: ReceivedFacts): Promise<OpenedEntry>;
  reply(text: string, facts: ReplyFacts): Promise<OpenedReply>;
}

/** A message without the proof that it must have. The text of the error says why. */
export class UntrustedMessage extends Error {}

/** A key could not be had, for a reason that may pass. The message is not at fault. */
export class KeyUnavailable extends Error {}

const SEALER = Symbol.for('nestjs-redis-streams.sealer');
const OPENER = Symbol.for('nestjs-redis-streams.opener');

/** Makes a serializer of a sealer. It needs to be told of each message, which only this transport does. */
export function sealingSerializer(codec: string, sealer: Sealer): PacketSerializer {
  return { codec, serialize: refuse, [SEALER]: sealer } as PacketSerializer;
}

export function openingDeserializer(codec: string, opener: Opener): PacketDeserializer {
  return { codec, deserialize: refuse, [OPENER]: opener } as PacketDeserializer;
}

export function sealerOf(serializer: PacketSerializer | undefined): Sealer | undefined {
  return (serializer as { readonly [SEALER]?: Sealer } | undefined)?.[SEALER];
}

export function openerOf(deserializer: PacketDeserializer | undefined): Opener | undefined {
  return (deserializer as { readonly [OPENER]?: Opener } | undefined)?.[OPENER];
}

function refuse(): never {
  throw new Error('a sealed codec works in clients and servers of this transport alone');
}
