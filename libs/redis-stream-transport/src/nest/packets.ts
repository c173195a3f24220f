import type { PacketDeserializer, PacketSerializer } from '../options/index.js';
import type { Codec } from '../protocol/header.js';
import { readJson } from '../protocol/json.js';

/** Data as it travels. */
export interface Packed {
  readonly codec: Codec;
  readonly text: string;
}

/** What a serializer returned, as text. */
export function pack(output: unknown): Packed {
  if (typeof output === 'string') return { codec: 'text', text: output };
  if (output instanceof Uint8Array) {
    const bytes = Buffer.from(output.buffer, output.byteOffset, output.byteLength);
    return { codec: 'b64', text: bytes.toString('base64') };
  }
  return { codec: 'obj', text: JSON.stringify(output) };
}

/** Data that cannot be carried, for a reason that its sender should be told. */
export class UnreadableData extends Error {}

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
  return output instanceof Promise ? output.then(pack) : pack(output);
}

/**
 * Data of an entry that was written with a serializer. Without a deserializer a packet is taken as
 * Nest's own serializer writes it.
 */
export async function unpackData(
  deserializer: PacketDeserializer | undefined,
  codec: Codec,
  text: string,
  pattern: string,
): Promise<unknown> {
  const value = unpack(codec, text);
  const packet =
    deserializer === undefined
      ? value
      : await deserializer.deserialize(value, { channel: pattern });
  if (typeof packet !== 'object' || packet === null || !('data' in packet)) {
    throw new UnreadableData(`codec ${codec} needs a deserializer on this side`);
  }
  return packet.data;
}

/** A reply in a frame that a serializer wrote: its output and how it was turned to JSON. */
export type PackedReply = readonly [codec: Codec, output: unknown];

/** A reply as JSON for a frame. */
export function packedReplyText({ codec, text }: Packed): string {
  return codec === 'obj' ? `["obj",${text}]` : JSON.stringify([codec, text]);
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
  const [codec, output] = payload as PackedReply;
  const value = codec === 'b64' ? Buffer.from(String(output), 'base64') : output;
  const packet =
    deserializer === undefined
      ? value
      : await deserializer.deserialize(value, { channel: pattern });
  if (typeof packet !== 'object' || packet === null) {
    throw new UnreadableData(`codec ${codec} needs a deserializer on this side`);
  }
  return packet;
}
