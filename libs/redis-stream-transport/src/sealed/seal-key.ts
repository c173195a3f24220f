import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from 'node:crypto';
import { RedisStreamsError } from '../errors.js';
import { isSealName } from '../protocol/sealed-text.js';
import { thrownText } from '../thrown.js';
import { Subkeys } from './subkeys.js';

/** A secret that both sides have: for AES-256-GCM, or for HMAC-SHA256 with `mode: 'sign'`. */
export interface SecretKey {
  /** Stands in each message: 1 to 64 letters, digits, `_` and `-`. Never used again for another key. */
  readonly id: string;
  /** 32 to 1,024 random bytes, or their base64 or base64url. */
  readonly secret: Uint8Array | string;
  /**
   * The only side, by its name, whose requests and events this key proves. Default: whoever has the key may call
   * itself what it likes.
   */
  readonly holder?: string;
}

/** An own Ed25519 key, to sign with. */
export interface OwnKey {
  readonly id: string;
  /** A `KeyObject`, or PEM without a passphrase. */
  readonly privateKey: KeyObject | string;
}

/** The public Ed25519 key of another side, to verify with. */
export interface PublicKey {
  readonly id: string;
  /** A `KeyObject`, or PEM. */
  readonly publicKey: KeyObject | string;
  /** The name of the side that has the private key. */
  readonly holder: string;
}

export type SealKey = SecretKey | OwnKey | PublicKey;

/** A key that was checked. */
export interface ReadyKey {
  readonly id: string;
  readonly kind: 'secret' | 'private' | 'public';
  readonly key: KeyObject;
  readonly holder: string | undefined;
  /** Of a secret. */
  readonly subkeys: Subkeys | undefined;
}

/** Bytes of a secret: no fewer than the strength of what it is used for. */
const LEAST = 32;
const MOST = 1024;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * Checks a key. The value of a secret is in no error.
 * @param name of the option, for errors
 * @throws RedisStreamsError INVALID_OPTION
 */
export function readKey(given: unknown, name: string): ReadyKey {
  if (typeof given !== 'object' || given === null) throw bad(name, 'must be a key: an object');
  const { id, secret, privateKey, publicKey, holder } = given as Readonly<Record<string, unknown>>;
  if (!isSealName(id)) throw bad(`${name}.id`, 'must be 1 to 64 letters, digits, "_" or "-"');
  if (holder !== undefined && !isSealName(holder)) {
    throw bad(`${name}.holder`, 'must be 1 to 64 letters, digits, "_" or "-"');
  }
  const kinds = [secret, privateKey, publicKey].filter((one) => one !== undefined);
  if (kinds.length !== 1) {
    throw bad(name, 'must have one of "secret", "privateKey" and "publicKey"');
  }
  if (secret !== undefined) {
    const bytes = readSecret(secret, `${name}.secret`);
    const subkeys = new Subkeys(bytes);
    return { id, kind: 'secret', key: createSecretKey(bytes), holder, subkeys };
  }
  if (privateKey !== undefined) {
    if (holder !== undefined)
      throw bad(`${name}.holder`, 'is for keys of others: it signs as "name"');
    const key = readPair(privateKey, 'private', `${name}.privateKey`);
    return { id, kind: 'private', key, holder, subkeys: undefined };
  }
  if (holder === undefined) throw bad(`${name}.holder`, 'must say whose public key it is');
  const key = readPair(publicKey, 'public', `${name}.publicKey`);
  return { id, kind: 'public', key, holder, subkeys: undefined };
}

function readSecret(secret: unknown, name: string): Buffer {
  const wanted = `must be ${LEAST} to ${MOST} random bytes, or their base64`;
  let bytes: Buffer;
  if (typeof secret === 'string') {
    if (!BASE64.test(secret)) throw bad(name, wanted);
    bytes = Buffer.from(secret, 'base64');
  } else if (secret instanceof Uint8Array) {
    bytes = Buffer.from(secret);
  } else throw bad(name, wanted);
  if (bytes.length < LEAST || bytes.length > MOST) throw bad(name, wanted);
  if (bytes.every((byte) => byte === bytes[0])) throw bad(name, `${wanted}; all bytes are alike`);
  return bytes;
}

function readPair(given: unknown, type: 'private' | 'public', name: string): KeyObject {
  const wanted = `must be an Ed25519 ${type} key, a KeyObject or PEM`;
  let key: KeyObject;
  try {
    if (given instanceof KeyObject) key = given;
    else if (typeof given !== 'string') throw bad(name, wanted);
    else if (type === 'private') key = createPrivateKey(given);
    // From a private key Node would make the public one, and a secret would stand where it need not.
    else if (given.includes('PRIVATE KEY')) throw bad(name, wanted);
    else key = createPublicKey(given);
  } catch (error) {
    if (error instanceof RedisStreamsError) throw error;
    throw bad(name, `${wanted}: ${thrownText(error)}`);
  }
  if (key.type !== type || key.asymmetricKeyType !== 'ed25519') throw bad(name, wanted);
  return key;
}

/** The error of an option of `sealed`. */
export function bad(name: string, reason: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_OPTION', `sealed: option "${name}" ${reason}.`);
}
