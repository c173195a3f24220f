import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';

/** Bytes of the salt from which a subkey is made. */
export const SALT = 16;
/** Messages that one subkey seals at most: far below the 2^32 at which random nonces of 96 bits begin to matter. */
const MOST_SEALED = 1_048_576;
/** Milliseconds for which a subkey seals at most. */
const LONGEST = 3_600_000;
/** Subkeys of other processes that are kept; the one that was not used for longest goes first. */
const MOST_KEPT = 512;

interface Subkey {
  readonly salt: Buffer;
  readonly key: KeyObject;
}

/**
 * The keys that are made of a secret, with HKDF-SHA256. Data are never sealed with the secret itself: each process makes
 * a key of its own with a random salt, which travels in the message, and another one after an hour or a million
 * messages. So no key comes near the number of messages that random nonces bear (NIST SP 800-38D, 8.3).
 */
export class Subkeys {
  private own: (Subkey & { readonly until: number; left: number }) | undefined;
  private readonly others = new Map<string, KeyObject>();
  private macKey: KeyObject | undefined;
  private printKey: KeyObject | undefined;

  constructor(private readonly secret: Uint8Array) {}

  /** To seal one message with. */
  forSealing(now: number): Subkey {
    let { own } = this;
    if (own === undefined || own.left === 0 || now >= own.until) {
      const salt = randomBytes(SALT);
      const key = this.derive(salt, 'gcm');
      own = this.own = { salt, key, until: now + LONGEST, left: MOST_SEALED };
    }
    own.left--;
    return own;
  }

  forOpening(salt: Buffer): KeyObject {
    return this.others.get(salt.toString('latin1')) ?? this.derive(salt, 'gcm');
  }

  /** A message was opened with this key. What strangers make up is never kept, so they displace nothing. */
  opened(salt: Buffer, key: KeyObject): void {
    const name = salt.toString('latin1');
    this.others.delete(name);
    this.others.set(name, key);
    const [oldest] = this.others.size > MOST_KEPT ? this.others.keys() : [];
    if (oldest !== undefined) this.others.delete(oldest);
  }

  get forSigning(): KeyObject {
    return (this.macKey ??= this.derive(NO_SALT, 'hmac'));
  }

  get forPrints(): KeyObject {
    return (this.printKey ??= this.derive(NO_SALT, 'print'));
  }

  private derive(salt: Buffer, purpose: string): KeyObject {
    const made = hkdfSync('sha256', this.secret, salt, `nrs-sealed-1 ${purpose}`, 32);
    return createSecretKey(new Uint8Array(made));
  }
}

const NO_SALT = Buffer.alloc(0);
