import {
  UntrustedMessage,
  type EntryFacts,
  type OpenedEntry,
  type OpenedReply,
  type Opener,
  type ReceivedFacts,
  type ReplyFacts,
} from '../options/sealing.js';
import { readSealed, type SealedText } from '../protocol/sealed-text.js';
import { boundEntry, boundReply } from './bound.js';
import { readData, readReply, unpacked } from './content.js';
import { readLetter } from './letter.js';
import { LETTER } from './message-sealer.js';
import { proverOf } from './proofs.js';
import type { ReadyKey } from './seal-key.js';
import type { ReadySealing } from './sealed-options.js';

/** Milliseconds that a message is remembered longer than it could be taken again: clocks are estimates. */
const MARGIN = 60_000;
/** Times that a letter may be put back: each wraps the one before. */
const MOST_REPLAYS = 8;

/** Opens what comes, or says why it is not to be trusted. */
export class MessageOpener implements Opener {
  constructor(private readonly sealing: ReadySealing) {}

  async entry(text: string, facts: ReceivedFacts): Promise<OpenedEntry> {
    const sealed = this.read(text);
    const opened = await this.open(sealed, facts);
    this.checkTimes(sealed, facts);
    const { id, key, name, proof } = sealed;
    const memory = { id, rememberMs: this.memoryOf(sealed, facts) };
    if (sealed.form !== LETTER) {
      return {
        ...(await this.content(sealed, opened, facts.pattern)),
        caller: { name, key, proof },
        ...memory,
      };
    }
    return { ...(await this.letter(opened, sealed, facts.pattern)), ...memory };
  }

  async reply(text: string, facts: ReplyFacts): Promise<OpenedReply> {
    const sealed = this.read(text);
    const request = this.read(facts.request);
    const key = await this.sealing.keys.of(sealed.key);
    const answersRequest = key.kind === 'public' || sealed.key === request.key;
    const prover = this.proverFor(sealed, key);
    if (!answersRequest)
      throw new UntrustedMessage('it is sealed with another key than the request');
    const bound = boundReply(sealed.head, facts, request.print);
    const content = prover.open(key, bound, Buffer.from(sealed.body, 'base64url'));
    if (content === undefined) throw forged('reply');
    const { headers, data } = unpacked(content);
    const { codec } = this.sealing;
    const packet = await readReply(codec, { form: sealed.form, data }, facts.pattern);
    return { packet, headers };
  }

  /** An entry as it was before it became a letter. It was taken then, so when it was sealed does not matter. */
  private async letter(opened: Buffer, around: SealedText, pattern: string) {
    const replayedBy = around.name;
    let held = opened;
    let by = replayedBy;
    for (let depth = 0; depth < MOST_REPLAYS; depth++) {
      if (!this.sealing.operators.has(by)) {
        throw new UntrustedMessage(`"${by}" may not put letters back`);
      }
      const letter = readLetter(held);
      if (letter.pattern !== pattern) throw forged('entry');
      const sealed = this.read(letter.text);
      held = await this.open(sealed, letter);
      const { name, key, proof } = sealed;
      by = name;
      if (sealed.form === LETTER) continue;
      const content = await this.content(sealed, held, pattern);
      return { ...content, caller: { name, key, proof, replayedBy } };
    }
    throw new UntrustedMessage(`it was put back more than ${MOST_REPLAYS} times`);
  }

  private read(text: string): SealedText {
    const sealed = readSealed(text);
    if (sealed === undefined) throw new UntrustedMessage('it is not sealed');
    return sealed;
  }

  /** What the entry holds, if its proof is true. */
  private async open(sealed: SealedText, facts: EntryFacts): Promise<Buffer> {
    const key = await this.sealing.keys.of(sealed.key);
    const prover = this.proverFor(sealed, key);
    if (key.holder !== undefined && key.holder !== sealed.name) {
      throw new UntrustedMessage(
        `key "${key.id}" does not prove that it comes from "${sealed.name}"`,
      );
    }
    if (facts.key !== undefined && sealed.print === '-') throw forged('entry');
    const bound = boundEntry(sealed.head, facts);
    const content = prover.open(key, bound, Buffer.from(sealed.body, 'base64url'));
    if (content === undefined) throw forged('entry');
    return content;
  }

  private async content({ form }: SealedText, opened: Buffer, pattern: string) {
    const { headers, data } = unpacked(opened);
    const read = await readData(this.sealing.codec, { form, data }, pattern);
    const { metadata } = read;
    const added = typeof metadata === 'object' && metadata !== null ? metadata : undefined;
    return { data: read.data, metadata: added === undefined ? headers : { ...headers, ...added } };
  }

  private proverFor({ proof }: SealedText, key: ReadyKey) {
    const prover = proverOf(key, this.sealing.mode);
    // What this side has signed itself is not for it.
    if (key.kind === 'private') throw new UntrustedMessage('it is signed with a key of this side');
    if (prover.proof !== proof)
      throw new UntrustedMessage(`it is proven by ${proof}, not by ${prover.proof}`);
    return prover;
  }

  /** The entry must have been stored when the message could be, and must not last longer. */
  private checkTimes({ time, within }: SealedText, facts: ReceivedFacts): void {
    const { addedAt, timeout, idle, call } = facts;
    const { tolerance } = this.sealing;
    if (addedAt < time - tolerance) {
      throw new UntrustedMessage(
        `it was sealed ${time - addedAt} ms after it was stored: clocks differ`,
      );
    }
    const latest = time + within + tolerance;
    if (addedAt > latest) {
      throw new UntrustedMessage(`it was stored ${addedAt - time} ms after it was sealed`);
    }
    if (call === undefined) return;
    if (idle > 0 ? timeout > idle : timeout === 0 || addedAt + timeout > latest) {
      throw new UntrustedMessage('its deadline was changed');
    }
  }

  /** Milliseconds for which another entry with the same message could be taken. */
  private memoryOf({ time, within }: SealedText, { call, idle, now }: ReceivedFacts): number {
    const { tolerance, remember } = this.sealing;
    const end = time + within + tolerance + (call === undefined ? remember : idle);
    return Math.ceil(Math.max(0, end - now) + MARGIN);
  }
}

function forged(what: 'entry' | 'reply'): UntrustedMessage {
  return new UntrustedMessage(`its proof is not that of this ${what}`);
}
