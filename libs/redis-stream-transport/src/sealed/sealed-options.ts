import { isSealName, SEALED_CODEC } from '../protocol/sealed-text.js';
import type { InnerCodec } from './content.js';
import { FetchedKeys, KeyRing, type KeySource, type KeyStore } from './key-store.js';
import { bad, type ReadyKey, type SealKey } from './seal-key.js';

/** What {@link sealed} is given. */
export interface SealedOptions {
  /** Who this side is: services hear it of clients as `context.getCaller()`. 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string;
  /**
   * The keys of this side: a list, or a function that gives them. All of a list read; the first that has no other
   * `holder` writes. A client
   * that has public keys accepts replies of their holders, a service accepts calls of theirs: give each side only those
   * of whom it listens to.
   */
  readonly keys: readonly SealKey[] | KeySource;
  /**
   * `encrypt`: nobody without a key can read, change or make a message (AES-256-GCM). `sign`: anybody can read it
   * (HMAC-SHA256 with secrets, Ed25519 with pairs of keys). Default: 'encrypt'.
   */
  readonly mode?: 'encrypt' | 'sign';
  /**
   * Seals the headers of calls and events too; otherwise they stand beside the data, and cannot be changed. Those of
   * replies are always sealed. Only with `encrypt`. Default: false.
   */
  readonly headers?: boolean;
  /** Another codec, whose output is sealed, such as `msgpack()`. Default: JSON. */
  readonly codec?: InnerCodec;
  /**
   * By how much the clocks of clients and of Redis may differ, in milliseconds; 1,000 to 3,600,000. A call or an event
   * that is further off is refused. Default: 60,000.
   */
  readonly tolerance?: number;
  /**
   * For how long a service remembers that it had an event, in milliseconds, beyond the time in which it could be
   * stored; 0 to 604,800,000. Default: 3,600,000.
   */
  readonly remember?: number;
  /** Names of those who may put dead letters back, in the name of their callers. Default: none. */
  readonly operators?: readonly string[];
}

export interface ReadySealing {
  readonly name: string;
  readonly keys: KeyStore;
  readonly mode: 'encrypt' | 'sign';
  readonly headers: boolean;
  readonly codec: InnerCodec | undefined;
  readonly tolerance: number;
  readonly remember: number;
  readonly operators: ReadonlySet<string>;
}

/** Names in `operators` at most. */
const MOST_OPERATORS = 100;
const NAMES: ReadonlySet<string> = new Set(
  'name keys mode headers codec tolerance remember operators'.split(' '),
);

/** @throws RedisStreamsError INVALID_OPTION */
export function readSealing(given: SealedOptions): ReadySealing {
  if (typeof given !== 'object' || given === null) throw bad('name', 'must be given');
  const stray = Object.keys(given).find((option) => !NAMES.has(option));
  if (stray !== undefined) throw bad(stray.slice(0, 64), 'is not known');
  const { name, mode = 'encrypt', headers = false, codec } = given;
  const { tolerance = 60_000, remember = 3_600_000, operators = [] } = given;
  if (!isSealName(name)) throw bad('name', 'must be 1 to 64 letters, digits, "_" or "-"');
  if (mode !== 'encrypt' && mode !== 'sign') throw bad('mode', 'must be "encrypt" or "sign"');
  if (typeof headers !== 'boolean') throw bad('headers', 'must be true or false');
  if (headers && mode === 'sign') {
    throw bad('headers', 'hides them, and contradicts "mode": "sign" hides nothing');
  }
  within('tolerance', tolerance, 1000, 3_600_000);
  within('remember', remember, 0, 604_800_000);
  const fit = Array.isArray(operators) && operators.length <= MOST_OPERATORS;
  if (!fit || !operators.every(isSealName)) {
    throw bad('operators', `must be a list of at most ${MOST_OPERATORS} names`);
  }
  checkCodec(codec);
  const keys = readKeys(given.keys, mode, name);
  return {
    ...{ name, keys, mode, headers, codec, tolerance, remember },
    operators: new Set(operators),
  };
}

function readKeys(
  given: SealedOptions['keys'],
  mode: ReadySealing['mode'],
  name: string,
): KeyStore {
  const refuse = (key: ReadyKey): string | undefined => {
    if (mode === 'encrypt' && key.kind !== 'secret') {
      return 'has an Ed25519 key: it signs, which is "mode": "sign"';
    }
    return undefined;
  };
  if (typeof given === 'function') return new FetchedKeys(given, name, refuse);
  if (!Array.isArray(given)) throw bad('keys', 'must be a list of keys or a function');
  return new KeyRing(given as readonly unknown[], name, refuse);
}

function checkCodec(codec: unknown): void {
  if (codec === undefined) return;
  const { serializer, deserializer } = (codec ?? {}) as Partial<InnerCodec>;
  const fits =
    typeof serializer?.serialize === 'function' && typeof deserializer?.deserialize === 'function';
  if (!fits) throw bad('codec', 'must have a "serializer" and a "deserializer"');
  if (serializer.codec === SEALED_CODEC) throw bad('codec', 'must not be sealed itself');
}

function within(name: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw bad(name, `must be a whole number of milliseconds from ${least} to ${most}`);
}
