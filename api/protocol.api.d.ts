// What nestjs-redis-streams/protocol exports. Printed by `npm run api`, and compared in CI.

export type Codec = 'json' | 'text' | 'obj' | 'b64';

export interface Credit {
  readonly nonce: number;
  readonly asked: number;
  readonly taken: number;
}

export interface CreditNotice {
  readonly caller: string;
  readonly runs: readonly Credit[];
}

export interface Entry {
  readonly id: string;
  readonly addedAt: number;
  readonly header: Header;
  readonly data: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly key: string | undefined;
  readonly pattern: string | undefined;
  readonly group: string | undefined;
}

export declare const FIELD: {
  readonly header: 'c';
  readonly data: 'd';
  readonly headers: 'h';
  readonly key: 'k';
  readonly pattern: 'p';
  readonly members: 'm';
  readonly group: 'g';
  readonly replay: 'r';
};

export interface Frame {
  readonly instance: string;
  readonly replies: readonly Reply[];
  readonly unreadable: number;
  readonly length?: number;
}

export interface Header {
  readonly version: number;
  readonly codec: Codec;
  readonly codecName: string | undefined;
  readonly call: string | undefined;
  readonly caller: string | undefined;
  readonly timeout: number;
  readonly idle: number;
  readonly once: boolean;
  readonly depth: number;
  readonly message: boolean;
  readonly window?: WindowSize | undefined;
}

export declare class Keys {
  readonly shards: number;
  readonly tag: string;
  constructor(prefix: string, shard: number, shards: number);
  tags(): string;
  layout(): string | undefined;
  gauges(): string;
  stream(name: string): string;
  lease(consumer: string): string;
  left(consumer: string): string;
  caller(id: string): string;
  log(id: string): string;
  dead(group: string): string;
  replayed(group: string, letter: string): string;
  groups(stream: string): string;
  incarnation(): string;
  live(pattern: string): string;
  hears(stream: string): string;
  members(group: string): string;
  sockets(group: string): string;
  facts(group: string): string;
  statistics(group: string): string;
  paused(group: string): string;
  inbox(consumer: string): string;
  due(stream: string): string;
  later(stream: string): string;
  when(stream: string): string;
  sent(pattern: string, messageId: string): string;
  part(stream: string): string;
  started(stream: string): string;
  idempotency(group: string, pattern: string, key: string): string;
  seen(group: string, id: string): string;
  services(): string;
  instances(service: string): string;
  about(service: string): string;
  document(digest: string): string;
  streams(): string;
  looked(): string;
  wildcards(): string;
  nudge(group: string): string;
}

export declare const LAST_ID = '18446744073709551615-18446744073709551615';

export declare const LIBRARY_VERSION = '0.1.0';

export declare const MAX_CALL_DEPTH = 16;

export declare const MAX_CREDITS = 500;

export declare const MAX_DELAY = 31536000000;

export declare const MAX_DEPTH = 64;

export declare const MAX_FRAME_LENGTH = 1048576;

export declare const MAX_HEADERS_LENGTH = 16384;

export declare const MAX_HEADER_LINE = 512;

export declare const MAX_KEY_LENGTH = 256;

export declare const MAX_PATTERN_LENGTH = 1024;

export declare const MAX_REPLY_LOG_BYTES = 67108864;

export declare const MAX_SCRIPT_LENGTH = 8388608;

export declare const MAX_TIMEOUT = 2147483647;

export declare const MAX_WINDOW: {
  readonly values: 1000000;
  readonly characters: 67108864;
};

export interface Malformed {
  readonly id: string;
  readonly malformed: string;
  readonly header: Header | undefined;
  readonly fields?: readonly string[];
}

export declare const PROTOCOL_VERSION = 1;

export type Proof = 'gcm' | 'hmac' | 'ed25519';

export declare const REPLY: {
  readonly next: 0;
  readonly last: 1;
  readonly done: 2;
  readonly error: 3;
  readonly fault: 4;
  readonly packed: 5;
  readonly packedLast: 6;
  readonly restart: 7;
};

export interface RawEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

export type Read =
  | {
      readonly ok: true;
      readonly value: unknown;
    }
  | {
      readonly ok: false;
      readonly reason: string;
    };

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

export type ReplyKind = (typeof REPLY)[keyof typeof REPLY];

export interface RequestHeader {
  readonly codec: WireCodec;
  readonly call: string;
  readonly caller: string;
  readonly timeout: number;
  readonly idle: number;
  readonly once: boolean;
  readonly depth: number;
  readonly window?: WindowSize | undefined;
}

export declare const SEALED_CODEC = 'sealed';

export interface SealedHead {
  readonly proof: Proof;
  readonly key: string;
  readonly name: string;
  readonly id: string;
  readonly time: number;
  readonly within: number;
  readonly print: string;
  readonly form: string;
}

export interface SealedText extends SealedHead {
  readonly head: string;
  readonly body: string;
}

export declare const UNREAD: Header;

export interface WindowSize {
  readonly values: number;
  readonly characters: number;
}

export type WireCodec = Codec | `${Codec}:${string}`;

export interface WrittenReply {
  readonly call: string;
  readonly kind: ReplyKind;
  readonly deliveries: number;
  readonly nonce: number;
  readonly index: number;
  readonly payload: string | undefined;
  readonly headers: string | undefined;
}

export declare function callIdOf(caller: string, call: string): string;

export declare function compareIds(a: string, b: string): number;

export declare function creditText({ caller, runs }: CreditNotice): string;

export declare function decodeEntry(raw: RawEntry, maxPayload: number): Entry | Malformed;

export declare function decodeFrame(text: string): Frame | string;

export declare function encodeFault(call: string, payload: string): string;

export declare function encodeFrame(instance: string, replies: string): string;

export declare function encodeReply(reply: WrittenReply): string;

export declare function eventHeader(codec: WireCodec, once: boolean, expiresIn?: number): string;

export declare function hasProtoKey(text: string): boolean;

export declare function headText(head: SealedHead): string;

export declare function hostile(text: string, value: unknown): string | undefined;

export declare function hostileValue(value: unknown): string | undefined;

export declare function idAfter(id: string, steps?: number): string;

export declare function identityOf(codecName: string | undefined, data: string): string;

export declare const isCallId: (text: string) => boolean;

export declare const isCallerId: (text: string) => boolean;

export declare const isCodecName: (name: unknown) => boolean;

export declare const isCredit: (text: string) => boolean;

export declare function isEntryId(text: unknown): text is string;

export declare const isMalformed: (entry: Entry | Malformed) => entry is Malformed;

export declare const isSealName: (text: unknown) => text is string;

export declare function isShallow(value: unknown, levels?: number): boolean;

export declare function isTexts(value: unknown): value is Record<string, string>;

export declare function parseCodec(
  text: unknown,
): readonly [codec: Codec, name?: string] | undefined;

export declare function parseCredit(text: string): CreditNotice | undefined;

export declare function parseHeader(line: string): Header | string;

export declare function parseWindow(text: string): WindowSize | undefined;

export declare function patternText(pattern: unknown): string;

export declare function readHeaders(text: string): Record<string, string> | string;

export declare function readJson(text: string): Read;

export declare function readSealed(text: string): SealedText | undefined;

export declare function requestHeader(request: RequestHeader): string;

export declare function senderOf(line: string): Header | undefined;

export declare function shardOf(streamName: string, shards: number): number;

export declare function signEvery(idle: number): number;

export declare function timeOf(id: string): number;

export declare function windowText({ values, characters }: WindowSize): string;

export declare function wireCodec(codec: Codec, name: string | undefined): WireCodec;
