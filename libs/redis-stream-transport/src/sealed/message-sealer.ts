import { randomBytes } from 'node:crypto';
import type { OutgoingFacts, ReplyFacts, SealedLetter, Sealer } from '../options/sealing.js';
import { headText, readSealed, type SealedHead } from '../protocol/sealed-text.js';
import { boundEntry, boundPrint, boundReply } from './bound.js';
import { packed, writeData, writeReply, type Content } from './content.js';
import { proverOf } from './proofs.js';
import type { ReadyKey } from './seal-key.js';
import type { ReadySealing } from './sealed-options.js';

type Packet = Readonly<Record<string, unknown>>;

/** How a letter in a letter's place is written. */
export const LETTER = 'letter';

/** What an entry has beside its data. */
interface Beside {
  readonly headers?: string | undefined;
  readonly print?: string;
}

/** Seals what leaves. */
export class MessageSealer implements Sealer {
  readonly hidesHeaders: boolean;

  constructor(private readonly sealing: ReadySealing) {
    this.hidesHeaders = sealing.headers;
  }

  async entry(packet: Packet, facts: OutgoingFacts): Promise<string> {
    const content = await writeData(this.sealing.codec, packet);
    const hidden = this.hidesHeaders ? packet['metadata'] : undefined;
    const headers = hidden === undefined ? undefined : JSON.stringify(hidden);
    return this.sealEntry(await this.sealing.keys.own(), content, { headers }, facts);
  }

  async letter(letter: SealedLetter, facts: OutgoingFacts): Promise<string> {
    const content = { form: LETTER, data: Buffer.from(JSON.stringify(letter)) };
    // Its data are what they were, and so is what tells them from others.
    const print = readSealed(letter.text)?.print ?? '-';
    return this.sealEntry(await this.sealing.keys.own(), content, { print }, facts);
  }

  reply(packet: Packet, headers: string | undefined, facts: ReplyFacts): string | Promise<string> {
    const content = writeReply(this.sealing.codec, packet);
    const key = this.keyFor(facts);
    if (!(content instanceof Promise) && !(key instanceof Promise)) {
      return this.sealReply(key, content, headers, facts);
    }
    return Promise.all([key, content]).then(([ready, written]) =>
      this.sealReply(ready, written, headers, facts),
    );
  }

  /** A request that was sealed with a secret is answered with the same, which its caller certainly has. */
  private keyFor({ request }: ReplyFacts): ReadyKey | Promise<ReadyKey> {
    const { keys } = this.sealing;
    const head = readSealed(request);
    if (head === undefined || head.proof === 'ed25519') return keys.own();
    return keys.of(head.key);
  }

  private sealEntry(
    key: ReadyKey,
    { form, data }: Content,
    beside: Beside,
    facts: OutgoingFacts,
  ): string {
    const { within, now } = facts;
    const { headers, print = this.print(key, { form, data }, facts) } = beside;
    const prover = proverOf(key, this.sealing.mode);
    const id = randomBytes(16).toString('base64url');
    const head = this.head(key, { id, time: Math.floor(now), within, print, form });
    const body = prover.seal(key, boundEntry(head, facts), packed(headers, data));
    return head + body.toString('base64url');
  }

  /** What tells its data from others under its idempotency key. */
  private print(key: ReadyKey, { form, data }: Content, facts: OutgoingFacts): string {
    if (facts.key === undefined) return '-';
    const { pattern } = facts;
    const whole = Buffer.concat([Buffer.from(`${form} `), data]);
    return proverOf(key, this.sealing.mode).print(key, boundPrint(pattern, facts.key, whole));
  }

  private sealReply(
    key: ReadyKey,
    { form, data }: Content,
    headers: string | undefined,
    facts: ReplyFacts,
  ): string {
    const print = readSealed(facts.request)?.print ?? '-';
    const head = this.head(key, { id: '-', time: 0, within: 0, print: '-', form });
    const prover = proverOf(key, this.sealing.mode);
    const body = prover.seal(key, boundReply(head, facts, print), packed(headers, data));
    return head + body.toString('base64url');
  }

  private head(key: ReadyKey, facts: Omit<SealedHead, 'proof' | 'key' | 'name'>): string {
    const { proof } = proverOf(key, this.sealing.mode);
    return headText({ proof, key: key.id, name: this.sealing.name, ...facts });
  }
}
