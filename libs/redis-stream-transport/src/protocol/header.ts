import { parseWindow, windowText, type WindowSize } from './credit.js';
import { isCallId, isCallerId, MAX_CALL_DEPTH, MAX_HEADER_LINE, MAX_TIMEOUT } from './limits.js';
import { PROTOCOL_VERSION } from './version.js';

/**
 * How the field `d` was written.
 * - `json`: JSON of the data alone, which no deserializer reads.
 * - `text`: a string that a serializer returned.
 * - `obj`: JSON of another value that a serializer returned.
 * - `b64`: base64 of bytes that a serializer returned.
 */
export type Codec = 'json' | 'text' | 'obj' | 'b64';

/** A codec in a header line. If the serializer states a name for its own codec, it follows after a colon. */
export type WireCodec = Codec | `${Codec}:${string}`;

/**
 * The field `c`: `version codec call caller timeout [flag …]`, separated by single spaces.
 * An entry without a caller (an event) has `-` for call and caller.
 */
export interface Header {
  readonly version: number;
  readonly codec: Codec;
  /** Name of the codec that the serializer states, such as `msgpack`. */
  readonly codecName: string | undefined;
  /** Undefined for events. */
  readonly call: string | undefined;
  /** Undefined for events. */
  readonly caller: string | undefined;
  /** Milliseconds from the time of the entry's id to its deadline; 0: no deadline. */
  readonly timeout: number;
  /** Milliseconds from each streamed value to the new deadline; 0: the timeout covers everything. */
  readonly idle: number;
  /** It may be started only once: that is noted before its handler runs. */
  readonly once: boolean;
  /** How many handlers wait for this call, each for the next; 0: it was made outside of handlers. */
  readonly depth: number;
  /** Of an event: it is for the message handler of its pattern, not for event handlers. */
  readonly message: boolean;
  /** Its values are sent only as far as the caller has asked for them; undefined: they do not wait. */
  readonly window?: WindowSize | undefined;
}

const CODECS: ReadonlySet<string> = new Set<Codec>(['json', 'text', 'obj', 'b64']);

/** Names of codecs are part of header lines, where a space would end them. */
const CODEC_NAME = /^[a-z0-9-]{1,32}$/;

export const isCodecName = (name: unknown): boolean =>
  typeof name === 'string' && CODEC_NAME.test(name);

/** A codec as header lines have it. */
export function wireCodec(codec: Codec, name: string | undefined): WireCodec {
  return name === undefined ? codec : `${codec}:${name}`;
}

/** The two parts of such a codec; undefined if the text is none. */
export function parseCodec(text: unknown): readonly [codec: Codec, name?: string] | undefined {
  if (typeof text !== 'string') return undefined;
  if (CODECS.has(text)) return [text as Codec];
  const colon = text.indexOf(':');
  const [codec, name] = [text.slice(0, colon), text.slice(colon + 1)];
  return CODECS.has(codec) && isCodecName(name) ? [codec as Codec, name] : undefined;
}

const OURS = `${PROTOCOL_VERSION} `;

/**
 * The id of a call in errors, contexts and log lines of both sides. Each caller numbers its own calls, so only caller
 * and number together identify one.
 */
export function callIdOf(caller: string, call: string): string {
  return `${caller}/${call}`;
}

/**
 * The header of an event. It is the same for all events with the same codec and mode.
 * @param expiresIn milliseconds in the stream after which it is not started any more; 0: it does not expire
 */
export function eventHeader(codec: WireCodec, once: boolean, expiresIn = 0): string {
  if (codec === 'json' && !once && expiresIn === 0) return PLAIN_EVENT;
  return `${PROTOCOL_VERSION} ${codec} - - ${expiresIn}${once ? ' once' : ''}`;
}

/** The header of most events. */
const PLAIN_EVENT = `${PROTOCOL_VERSION} json - - 0`;

/** What the header of a request says. */
export interface RequestHeader {
  readonly codec: WireCodec;
  readonly call: string;
  readonly caller: string;
  /** Milliseconds; 0: no deadline. */
  readonly timeout: number;
  /** Milliseconds; 0: the timeout covers everything. */
  readonly idle: number;
  readonly once: boolean;
  readonly depth: number;
  readonly window?: WindowSize | undefined;
}

/** The header of a request. */
export function requestHeader(request: RequestHeader): string {
  const { codec, call, caller, timeout, idle, once, depth, window } = request;
  const line = `${PROTOCOL_VERSION} ${codec} ${call} ${caller} ${timeout}`;
  if (idle === 0 && !once && depth === 0 && window === undefined) return line;
  const flags = (idle === 0 ? '' : ` idle=${idle}`) + (once ? ' once' : '');
  const nested = depth === 0 ? '' : ` depth=${depth}`;
  return line + flags + nested + (window === undefined ? '' : ` window=${windowText(window)}`);
}

/**
 * A header with nothing but call and caller of a line that cannot be read as a whole. The entry is answered and never
 * run. Undefined if these cannot be read either.
 */
export function senderOf(line: string): Header | undefined {
  const [, , call = '', caller = ''] = line.slice(0, MAX_HEADER_LINE).split(' ', 5);
  return isCallId(call) && isCallerId(caller) ? { ...UNREAD, call, caller } : undefined;
}

/** A header in place of a line of which nothing is known. */
export const UNREAD: Header = Object.freeze({
  version: PROTOCOL_VERSION,
  codec: 'json',
  codecName: undefined,
  call: undefined,
  caller: undefined,
  timeout: 0,
  idle: 0,
  once: false,
  depth: 0,
  message: false,
});

/** The id of a caller that was checked last. Many entries in a row are of one caller. */
let lastCaller = '';

/**
 * Reads a header line. Returns what is wrong if it cannot be read: a reader never throws because of what it was sent.
 * Every entry passes through here, so the words are cut out one by one instead of being split into a list.
 */
export function parseHeader(line: string): Header | string {
  return line === PLAIN_EVENT ? PLAIN_EVENT_HEADER : readHeader(line);
}

function readHeader(line: string): Header | string {
  if (line.length > MAX_HEADER_LINE) return 'header too long';
  const a = line.indexOf(' ');
  const b = line.indexOf(' ', a + 1);
  const c = line.indexOf(' ', b + 1);
  const d = line.indexOf(' ', c + 1);
  const version = line.startsWith(OURS)
    ? PROTOCOL_VERSION
    : Number(a < 0 ? line : line.slice(0, a));
  if (!Number.isSafeInteger(version) || version < 1) return 'no version';
  if (a === -1 || b <= a || c <= b) return 'header too short';
  const codec = line.slice(a + 1, b);
  const call = line.slice(b + 1, c);
  const caller = line.slice(c + 1, d <= c ? undefined : d);
  const e = d <= c ? -1 : line.indexOf(' ', d + 1);
  const word = d <= c ? undefined : line.slice(d + 1, e === -1 ? undefined : e);
  const timeout = Number(word);
  const isTimeout = isDecimal(word) && timeout <= MAX_TIMEOUT;
  let written = codec;
  let codecName: string | undefined;
  // A newer version may have changed the meaning of codec and timeout. Its requests are answered with a fault.
  if (version === PROTOCOL_VERSION) {
    if (!CODECS.has(codec)) {
      const named = parseCodec(codec);
      if (named === undefined) return `unknown codec`;
      [written, codecName] = named;
    }
    if (!isTimeout) return 'bad timeout';
  }
  const isEvent = call === '-' && caller === '-';
  if (!isEvent && caller !== lastCaller) {
    if (!isCallerId(caller)) return 'bad caller id';
    lastCaller = caller;
  }
  if (!isEvent && !isCallId(call)) return 'bad call id';
  const { idle, once, depth, message, window } = e === -1 ? NO_FLAGS : flagsOf(line.slice(e + 1));
  return {
    version,
    codec: written as Codec,
    codecName,
    call: isEvent ? undefined : call,
    caller: isEvent ? undefined : caller,
    timeout: isTimeout ? timeout : 0,
    idle,
    once,
    depth,
    message,
    window,
  };
}

type Flags = Pick<Header, 'idle' | 'once' | 'depth' | 'message' | 'window'>;

/** What a line without flags says, as most have none. */
const NO_FLAGS: Flags = {
  idle: 0,
  once: false,
  depth: 0,
  message: false,
  window: undefined,
};

/** Reads the words after the timeout. A word that is not known is ignored. */
function flagsOf(words: string): Flags {
  let { idle, once, depth, message, window } = NO_FLAGS;
  for (const flag of words.split(' ')) {
    if (flag === 'once') once = true;
    else if (flag === 'message') message = true;
    else if (flag.startsWith('idle=')) {
      idle = countOf(flag.slice(5), MAX_TIMEOUT);
    } else if (flag.startsWith('depth=')) {
      depth = countOf(flag.slice(6), MAX_CALL_DEPTH);
    } else if (flag.startsWith('window=')) {
      window = parseWindow(flag.slice(7));
    }
  }
  return { idle, once, depth, message, window };
}

/** What the header of most events says: one object for all of them. */
const PLAIN_EVENT_HEADER = readHeader(PLAIN_EVENT);

/** Whether a word has only digits. JavaScript takes other texts for numbers too, but the scripts in Redis do not. */
function isDecimal(word: string | undefined): boolean {
  if (word === undefined || word === '') return false;
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** The number of a flag; anything but digits counts as 0. */
function countOf(text: string, most: number): number {
  return isDecimal(text) ? Math.min(most, Number(text)) : 0;
}
