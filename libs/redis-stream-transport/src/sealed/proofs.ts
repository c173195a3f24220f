import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Proof } from '../protocol/sealed-text.js';
import type { ReadyKey } from './seal-key.js';
import { SALT, type Subkeys } from './subkeys.js';

const NONCE = 12;
const TAG = 16;
const MAC = 32;
const SIGNATURE = 64;

/** One way to prove messages. */
export interface Prover {
  readonly proof: Proof;
  /** The body of a message. */
  seal(key: ReadyKey, bound: Buffer, content: Buffer): Buffer;
  /** The content; undefined: it was not sealed with this key, or not as this message. */
  open(key: ReadyKey, bound: Buffer, body: Buffer): Buffer | undefined;
  /** Tells data from other data, and says nothing else of data that are secret. */
  print(key: ReadyKey, data: Buffer): string;
}

/** AES-256-GCM. The body is salt (16 bytes), nonce (12), ciphertext, tag (16). */
const gcm: Prover = {
  proof: 'gcm',
  seal(key, bound, content) {
    const own = subkeysOf(key).forSealing(performance.now());
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', own.key, nonce, { authTagLength: TAG });
    cipher.setAAD(bound);
    const text = cipher.update(content);
    cipher.final();
    return Buffer.concat([own.salt, nonce, text, cipher.getAuthTag()]);
  },
  open(key, bound, body) {
    if (body.length < SALT + NONCE + TAG) return undefined;
    const salt = body.subarray(0, SALT);
    const subkeys = subkeysOf(key);
    const subkey = subkeys.forOpening(salt);
    const nonce = body.subarray(SALT, SALT + NONCE);
    const cipher = createDecipheriv('aes-256-gcm', subkey, nonce, { authTagLength: TAG });
    cipher.setAAD(bound);
    cipher.setAuthTag(body.subarray(-TAG));
    const content = cipher.update(body.subarray(SALT + NONCE, -TAG));
    try {
      cipher.final();
    } catch {
      return undefined;
    }
    subkeys.opened(salt, subkey);
    return content;
  },
  print: (key, data) =>
    createHmac('sha256', subkeysOf(key).forPrints).update(data).digest('base64url'),
};

/** What is signed can be read, so its hash tells nothing. It is the same whichever key signs. */
const plainPrint: Prover['print'] = (_, data) =>
  createHash('sha256').update(data).digest('base64url');

/** HMAC-SHA256. The body is the data, and the code of what is bound and the data. */
const hmac: Prover = {
  proof: 'hmac',
  seal: (key, bound, content) => Buffer.concat([content, macOf(key, bound, content)]),
  open(key, bound, body) {
    if (body.length < MAC) return undefined;
    const content = body.subarray(0, -MAC);
    return timingSafeEqual(macOf(key, bound, content), body.subarray(-MAC)) ? content : undefined;
  },
  print: plainPrint,
};

/** Ed25519. The body is the data, and the signature of what is bound and the data. */
const ed25519: Prover = {
  proof: 'ed25519',
  seal: ({ key }, bound, content) =>
    Buffer.concat([content, sign(null, Buffer.concat([bound, content]), key)]),
  open({ key }, bound, body) {
    if (body.length < SIGNATURE) return undefined;
    const content = body.subarray(0, -SIGNATURE);
    const signed = Buffer.concat([bound, content]);
    return verify(null, signed, key, body.subarray(-SIGNATURE)) ? content : undefined;
  },
  print: plainPrint,
};

/** The way in which a key proves messages: a key is never used in two ways. */
export function proverOf({ kind }: Pick<ReadyKey, 'kind'>, mode: 'encrypt' | 'sign'): Prover {
  if (kind !== 'secret') return ed25519;
  return mode === 'encrypt' ? gcm : hmac;
}

function macOf(key: ReadyKey, bound: Buffer, content: Buffer): Buffer {
  return createHmac('sha256', subkeysOf(key).forSigning).update(bound).update(content).digest();
}

const subkeysOf = ({ subkeys }: ReadyKey): Subkeys => subkeys as Subkeys;
