import type { PacketDeserializer, PacketSerializer } from '../options/index.js';
import {
  parseCodec,
  wireCodec,
  type Codec,
  type Header,
  type WireCodec,
} from '../protocol/header.js';
import { readJson } from '../protocol/json.js';

/** Data as it travels. */
export interface Packed {
  readonly codec: WireCodec;
  readonly text: string;
  /** What the text was made of. */
  readonly output: unknown;
}

/** What a serializer returned, as text. */
function pack(output: unknown, name: string | undefined): Packed {
  const [codec, text] = textOf(output);
  return { codec: wireCodec(codec, name), text, output };
}

function textOf(output: unknown): readonly [codec: Codec, text: string] {
  if (typeof output === 'string') return ['text', output];
  if (output instanceof Uint8Array) {
    const bytes = Buffer.from(output.buffer, output.byteOffset, output.byteLength);
    return ['b64', bytes.toString('base64')];
  }
  return ['obj', JSON.stringify(output)];
}

/** Data that cannot be carried, for a reason that its sender should be told. */
export class UnreadableData extends Error {
  constructor(
    message: string,
    readonly code: 'INVALID_MESSAGE' | 'CODEC_MISMATCH' = 'INVALID_MESSAGE',
  ) {
    super(message);
  }
}

/** Both sides must name the same codec, or none. */
function compareCodecs(theirs: string | undefined, own: string | undefined): void {
  if (theirs !== own) throw mismatch(theirs ?? 'an unnamed codec', own ?? 'no named codec');
}

/** What is written and what is read, in words. */
export function mismatch(theirs: string, own: string): UnreadableData {
  return new UnreadableData(
    `it was written with ${theirs}, and this side reads ${own}`,
    'CODEC_MISMATCH',
  );
}

/** What the other side's serializer returned. */
function unpack(codec: Codec, text: string): unknown {
  if (codec === 'text') return text;
  if (codec === 'b64') return Buffer.from(text, 'base64');
  return parse(text);
}

/** JSON of data alone. Data that JSON has no text for, such as a function, travels as nothing. */
export function parse(text: string): unknown {
  if (text === '') return undefined;
  const read = readJson(text);
  if (!read.ok) throw new UnreadableData(read.reason);
  return read.value;
}

/** Serializes a packet for an entry. */
export function packPacket(
  serializer: PacketSerializer,
  packet: Readonly<Record<string, unknown>>,
): Packed | Promise<Packed> {
  const output = serializer.serialize(packet);
  const { codec } = serializer;
  return isThenable(output)
    ? Promise.resolve(output).then((ready) => pack(ready, codec))
    : pack(output, codec);
}

/** Whether it is a promise, of any library. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** What a handler gets of an entry that was written with a serializer. */
export interface UnpackedData {
  readonly data: unknown;
  /** Metadata of the packet, which its serializer may have added to. */
  readonly metadata: unknown;
}

/**
 * Data of an entry that was written with a serializer. Without a deserializer a packet is taken as
 * Nest's own serializer writes it.
 */
export async function unpackData(
  deserializer: PacketDeserializer | undefined,
  { codec, codecName }: Pick<Header, 'codec' | 'codecName'>,
  text: string,
  pattern: string,
): Promise<UnpackedData> {
  compareCodecs(codecName, deserializer?.codec);
  const value = unpack(codec, text);
  const packet =
    deserializer === undefined
      ? value
      : await deserializer.deserialize(value, { channel: pattern });
  if (typeof packet !== 'object' || packet === null || !('data' in packet)) {
    throw noPacket(codec, deserializer, 'a packet with "data"');
  }
  return { data: packet.data, metadata: 'metadata' in packet ? packet.metadata : undefined };
}

/** A reply in a frame that a serializer wrote: its output and how it was turned to JSON. */
export type PackedReply = readonly [codec: WireCodec, output: unknown];

/** A reply as JSON for a frame. */
export function packedReplyText({ codec, text }: Packed): string {
  return codec.startsWith('obj') ? `["${codec}",${text}]` : JSON.stringify([codec, text]);
}

export interface ReplyPacket {
  readonly id?: string;
  readonly response?: unknown;
  readonly err?: unknown;
  readonly isDisposed?: boolean;
}

/** Reads a reply that the service's serializer wrote. */
export async function unpackReply(
  deserializer: PacketDeserializer | undefined,
  payload: unknown,
  pattern: string,
): Promise<ReplyPacket> {
  const [written, output] = payload as PackedReply;
  const [codec, name] = parseCodec(written) ?? [written];
  compareCodecs(name, deserializer?.codec);
  const value = codec === 'b64' ? Buffer.from(String(output), 'base64') : output;
  const packet =
    deserializer === undefined
      ? value
      : await deserializer.deserialize(value, { channel: pattern });
  if (typeof packet !== 'object' || packet === null) {
    throw noPacket(codec, deserializer, 'a packet');
  }
  return packet;
}

function noPacket(
  codec: string,
  deserializer: PacketDeserializer | undefined,
  wanted: string,
): UnreadableData {
  return new UnreadableData(
    deserializer === undefined
      ? `codec ${codec} needs a deserializer on this side`
      : `the deserializer of this side did not return ${wanted}`,
  );
}
