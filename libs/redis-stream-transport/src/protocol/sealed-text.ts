/** Name of the codec of sealed messages, as header lines and replies have it. */
export const SEALED_CODEC = 'sealed';

/** How a message is proven, and whether it can be read without a key. */
export type Proof = 'gcm' | 'hmac' | 'ed25519';

/**
 * What stands in front of a sealed body: `1.<proof>.<key>.<name>.<id>.<time>.<within>.<print>.<form>.`. The whole text up
 * to the body is bound, so none of it can be changed.
 */
export interface SealedHead {
  readonly proof: Proof;
  /** Id of the key. */
  readonly key: string;
  /** Who sealed it. */
  readonly name: string;
  /** 128 random bits that no other message has; '-' of a reply. */
  readonly id: string;
  /** When it was sealed (clock of who did, ms since 1970); 0 of a reply. */
  readonly time: number;
  /** Milliseconds from then in which it may have been stored. */
  readonly within: number;
  /** Tells its data from other data under the same idempotency key; '-' without one. */
  readonly print: string;
  /** How the data in the body is written: `json`, or a codec as in header lines, or `letter`. */
  readonly form: string;
}

/** A sealed text in its two parts. */
export interface SealedText extends SealedHead {
  /** Everything before the body, the last point included. */
  readonly head: string;
  /** base64url. */
  readonly body: string;
}

/** Names of keys, and of who holds them. They stand between points. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const isSealName = (text: unknown): text is string =>
  typeof text === 'string' && NAME.test(text);

/** Longest head, in characters. */
const MAX_HEAD = 512;
const HEAD =
  /^1\.(gcm|hmac|ed25519)\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})\.(-|[A-Za-z0-9_-]{22})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,10})\.(-|[A-Za-z0-9_-]{43})\.([a-z0-9:-]{1,40})\.$/;
const PARTS = 9;

export function headText(head: SealedHead): string {
  const { proof, key, name, id, time, within, print, form } = head;
  return `1.${proof}.${key}.${name}.${id}.${time}.${within}.${print}.${form}.`;
}

/** Reads a sealed text; undefined if it is none. Nothing of it is proven yet. */
export function readSealed(text: string): SealedText | undefined {
  let end = -1;
  for (let i = 0; i < PARTS; i++) {
    end = text.indexOf('.', end + 1);
    if (end === -1 || end >= MAX_HEAD) return undefined;
  }
  const head = text.slice(0, end + 1);
  const found = HEAD.exec(head);
  if (found === null) return undefined;
  const [, proof, key, name, id, time, within, print, form] = found as unknown as string[];
  return {
    proof: proof as Proof,
    key: key as string,
    name: name as string,
    id: id as string,
    time: Number(time),
    within: Number(within),
    print: print as string,
    form: form as string,
    head,
    body: text.slice(end + 1),
  };
}

/**
 * What the digest of an idempotency key is made of: two sealed texts of the same data differ, and their prints do not.
 */
export function identityOf(codecName: string | undefined, data: string): string {
  if (codecName !== SEALED_CODEC) return data;
  return readSealed(data)?.print ?? data;
}
