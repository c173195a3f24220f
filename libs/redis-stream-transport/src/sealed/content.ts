import {
  packPacket,
  parse,
  unpackData,
  unpackReply,
  UnreadableData,
  type ReplyPacket,
} from '../nest/packets.js';
import type { PacketDeserializer, PacketSerializer } from '../options/index.js';
import { readHeaders } from '../protocol/entry.js';
import { parseCodec, type WireCodec } from '../protocol/header.js';
import { hostile } from '../protocol/json.js';

/** Another codec, whose data are sealed. */
export interface InnerCodec {
  readonly serializer: PacketSerializer;
  readonly deserializer: PacketDeserializer;
}

/** Data as they are sealed. */
export interface Content {
  /** How they are written: `json`, or what the codec inside wrote. */
  readonly form: string;
  readonly data: Buffer;
}

type Packet = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

/** Data of an entry. @throws UnreadableData, and what the codec inside throws */
export async function writeData(codec: InnerCodec | undefined, packet: Packet): Promise<Content> {
  if (codec === undefined) return json(packet['data']);
  const { codec: form, text } = await packPacket(codec.serializer, packet);
  return { form, data: bytesOf(form, text) };
}

/** A packet of a reply; at once, unless the codec inside takes its time. */
export function writeReply(
  codec: InnerCodec | undefined,
  packet: Packet,
): Content | Promise<Content> {
  if (codec === undefined) {
    const { response, err, isDisposed } = packet;
    return json({ response, err, isDisposed });
  }
  const output = packPacket(codec.serializer, packet);
  const written = ({ codec: form, text }: { codec: WireCodec; text: string }): Content => ({
    form,
    data: bytesOf(form, text),
  });
  return output instanceof Promise ? output.then(written) : written(output);
}

export async function readData(
  codec: InnerCodec | undefined,
  { form, data }: Content,
  pattern: string,
): Promise<{ readonly data: unknown; readonly metadata: unknown }> {
  if (form === 'json') return { data: ownJson(codec, data), metadata: undefined };
  const { kind, name, text } = partsOf(form, data);
  const header = { codec: kind, codecName: name };
  return unpackData(codec?.deserializer, header, text, pattern);
}

export async function readReply(
  codec: InnerCodec | undefined,
  { form, data }: Content,
  pattern: string,
): Promise<ReplyPacket> {
  if (form === 'json') {
    const packet = ownJson(codec, data);
    if (typeof packet === 'object' && packet !== null) return packet;
    throw new UnreadableData('a sealed reply is an object');
  }
  const { kind, text } = partsOf(form, data);
  const output = kind === 'obj' ? parse(text) : text;
  return unpackReply(codec?.deserializer, [form, output], pattern);
}

/** Headers and data as the bytes that are sealed: the length of the headers' JSON in bytes, a colon, both. */
export function packed(headers: string | undefined, data: Buffer): Buffer {
  const text = Buffer.from(headers ?? '');
  return Buffer.concat([Buffer.from(`${text.length}:`), text, data]);
}

/** @throws UnreadableData: who has the key wrote something else */
export function unpacked(content: Buffer): {
  readonly headers: Headers | undefined;
  readonly data: Buffer;
} {
  const colon = content.subarray(0, 8).indexOf(0x3a);
  const begin = colon + 1;
  const length = Number(content.toString('latin1', 0, colon));
  if (colon < 1 || !Number.isSafeInteger(length) || begin + length > content.length) {
    throw new UnreadableData('what was sealed is not headers and data');
  }
  const data = content.subarray(begin + length);
  if (length === 0) return { headers: undefined, data };
  const headers = readHeaders(content.toString('utf8', begin, begin + length));
  if (typeof headers === 'string') throw new UnreadableData(headers);
  return { headers, data };
}

function json(value: unknown): Content {
  // What JSON has no text for travels as nothing.
  const text = JSON.stringify(value) ?? '';
  const reason = hostile(text, value);
  if (reason !== undefined) throw new UnreadableData(`the data has ${reason}`);
  return { form: 'json', data: Buffer.from(text) };
}

function ownJson(codec: InnerCodec | undefined, data: Buffer): unknown {
  if (codec !== undefined) {
    const own = codec.deserializer.codec ?? 'another codec';
    throw new UnreadableData(`JSON was sealed, and this side reads ${own}`, 'CODEC_MISMATCH');
  }
  return parse(data.toString());
}

function bytesOf(form: WireCodec, text: string): Buffer {
  return Buffer.from(text, form.startsWith('b64') ? 'base64' : 'utf8');
}

function partsOf(form: string, data: Buffer) {
  const [kind, name] = parseCodec(form) ?? [];
  if (kind === undefined) throw new UnreadableData(`nobody here reads "${form}"`, 'CODEC_MISMATCH');
  const text = data.toString(kind === 'b64' ? 'base64' : 'utf8');
  return { kind, name, text };
}
