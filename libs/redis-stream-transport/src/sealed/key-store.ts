import { isA, thrownText } from '../thrown.js';
import { KeyUnavailable, UntrustedMessage } from '../options/sealing.js';
import { bad, readKey, type ReadyKey, type SealKey } from './seal-key.js';

/**
 * Gives keys, for instance of a key management service: the one to write with for `undefined`, else the one with an id,
 * or undefined where there is none. A rejection, or no answer within 10 s, passes: entries are tried again, calls fail
 * with KEY_UNAVAILABLE.
 */
export type KeySource = (
  id: string | undefined,
) => SealKey | undefined | Promise<SealKey | undefined>;

/** Where keys come from. Each method answers at once where it can. */
export interface KeyStore {
  /** The key to write with. @throws KeyUnavailable */
  own(): ReadyKey | Promise<ReadyKey>;
  /** The key to read with. @throws UntrustedMessage: there is none; KeyUnavailable */
  of(id: string): ReadyKey | Promise<ReadyKey>;
}

/** Keys of one side at most. */
const MOST_KEYS = 1000;

/** Why a key does not fit; undefined: it does. */
export type Refuse = (key: ReadyKey) => string | undefined;

/** Whether this side may write with a key: what it writes with that of another holder would prove nothing. */
function writes({ kind, holder }: ReadyKey, name: string): boolean {
  return kind === 'private' || (kind === 'secret' && (holder === undefined || holder === name));
}

/** Keys that are known from the start: all read, and the first of those that this side may write with writes. */
export class KeyRing implements KeyStore {
  private readonly writer: ReadyKey | undefined;
  private readonly byId = new Map<string, ReadyKey>();

  /**
   * @param refuse says why a key does not fit
   * @throws RedisStreamsError INVALID_OPTION
   */
  constructor(keys: readonly unknown[], name: string, refuse: Refuse) {
    if (keys.length === 0 || keys.length > MOST_KEYS) {
      throw bad('keys', `must be a list of 1 to ${MOST_KEYS} keys, or a function`);
    }
    const ready = keys.map((key, i) => readKey(key, `keys[${i}]`));
    this.writer = ready.find((key) => writes(key, name));
    if (ready.every(({ kind }) => kind === 'public')) {
      throw bad('keys', 'has public keys alone, and one to write with is needed');
    }
    for (const key of ready) {
      const wrong = refuse(key);
      if (wrong !== undefined) throw bad('keys', wrong);
      if (this.byId.has(key.id)) throw bad('keys', `has two keys with the id "${key.id}"`);
      this.byId.set(key.id, key);
    }
  }

  own(): ReadyKey {
    // A service that makes no calls needs none: it answers with the secret of the request.
    if (this.writer === undefined) throw new KeyUnavailable(NO_WRITER);
    return this.writer;
  }

  of(id: string): ReadyKey {
    const key = this.byId.get(id);
    if (key === undefined) throw unknownKey(id);
    return key;
  }
}

const NO_WRITER = 'there is no key that this side may write with';

/** Milliseconds for which a key that was given counts, and that there is none with an id. */
const KEPT = 300_000;
const MISSED = 10_000;
/** Milliseconds that the function may take. */
const PATIENCE = 10_000;
/** Questions on their way at once: ids in messages may be made up. */
const MOST_ASKED = 32;

interface Kept {
  /** Undefined: there is none. */
  readonly key: ReadyKey | undefined;
  /** Monotonic, ms. */
  readonly until: number;
}

/** Keys from a function, which is asked once in five minutes for each. */
export class FetchedKeys implements KeyStore {
  private readonly kept = new Map<string | undefined, Kept>();
  private readonly asked = new Map<string | undefined, Promise<ReadyKey | undefined>>();

  constructor(
    private readonly source: KeySource,
    private readonly name: string,
    private readonly refuse: Refuse,
    private readonly now: () => number = () => performance.now(),
  ) {}

  own(): ReadyKey | Promise<ReadyKey> {
    const found = (key: ReadyKey | undefined): ReadyKey => {
      if (key === undefined || !writes(key, this.name)) throw new KeyUnavailable(NO_WRITER);
      return key;
    };
    const kept = this.keptOf(undefined);
    return kept === undefined ? this.ask(undefined).then(found) : found(kept.key);
  }

  of(id: string): ReadyKey | Promise<ReadyKey> {
    const found = (key: ReadyKey | undefined): ReadyKey => {
      if (key === undefined) throw unknownKey(id);
      return key;
    };
    const kept = this.keptOf(id);
    return kept === undefined ? this.ask(id).then(found) : found(kept.key);
  }

  private keptOf(id: string | undefined): Kept | undefined {
    const kept = this.kept.get(id);
    return kept !== undefined && this.now() < kept.until ? kept : undefined;
  }

  private ask(id: string | undefined): Promise<ReadyKey | undefined> {
    const before = this.asked.get(id);
    if (before !== undefined) return before;
    if (this.asked.size >= MOST_ASKED) {
      return Promise.reject(new KeyUnavailable('too many keys are asked for at once'));
    }
    const asking = this.fetch(id).finally(() => this.asked.delete(id));
    this.asked.set(id, asking);
    return asking;
  }

  private async fetch(id: string | undefined): Promise<ReadyKey | undefined> {
    const given = await inTime(this.source, id);
    const key = given === undefined ? undefined : this.checked(given, id);
    this.keep(id, key);
    // The key that writes reads too.
    if (id === undefined && key !== undefined) this.keep(key.id, key);
    return key;
  }

  private checked(given: SealKey, id: string | undefined): ReadyKey {
    let key: ReadyKey;
    try {
      key = readKey(given, 'keys()');
    } catch (error) {
      throw new KeyUnavailable(thrownText(error));
    }
    const wrong =
      id !== undefined && key.id !== id ? `gave key "${key.id}" for "${id}"` : this.refuse(key);
    if (wrong !== undefined) throw new KeyUnavailable(`sealed: option "keys" ${wrong}.`);
    return key;
  }

  private keep(id: string | undefined, key: ReadyKey | undefined): void {
    this.kept.delete(id);
    this.kept.set(id, { key, until: this.now() + (key === undefined ? MISSED : KEPT) });
    const [oldest] = this.kept.size > MOST_KEYS ? this.kept.keys() : [];
    if (this.kept.size > MOST_KEYS) this.kept.delete(oldest);
  }
}

/** @throws KeyUnavailable */
async function inTime(source: KeySource, id: string | undefined): Promise<SealKey | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new KeyUnavailable(`no answer in ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    return await Promise.race([source(id), late]);
  } catch (error) {
    if (isA(error, KeyUnavailable)) throw error;
    const which = id === undefined ? 'the key to write with' : `key "${id}"`;
    throw new KeyUnavailable(`${which} cannot be had: ${thrownText(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function unknownKey(id: string): UntrustedMessage {
  return new UntrustedMessage(`nobody here has a key "${id}"`);
}
