import type { Keys } from '../../protocol/keys.js';
import type { Owner } from '../../redis/owner.js';
import { numberOf, textOr, textsOf, wordOf } from '../../redis/answer.js';
import type { Link } from '../../redis/link.js';
import { run } from '../../redis/operations/script.js';
import { describeScript, lookScript, servicesScript } from './directory.lua.js';

/** Milliseconds that what is said outlives the last instance that says it. */
const LIFE = 3_600_000;
/** Services, and instances of one service, that are read at most. */
const MOST = 1000;

/** What a consumer says about a service that it offers. */
export interface Card {
  readonly consumer: string;
  /** Redis' time at which it said so, milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** What a consumer offers, as it says it. */
export interface Offer {
  /** Name of the service. */
  readonly name: string;
  /** Milliseconds that it stands; 0 withdraws it. */
  readonly ttl: number;
  readonly card: string;
  /** Its digest, and its text unless Redis should have it. Default: none. */
  readonly document?: { readonly digest: string; readonly text: string } | undefined;
}

/** Which services there are and what their instances say, as Redis holds it: in the first shard. */
export class DirectoryStore {
  constructor(
    private readonly link: Link,
    private readonly keys: Keys,
  ) {}

  /**
   * Says what a consumer offers as a service.
   * @returns `unknown`: Redis does not have the document whose text was left out, and nothing changed
   */
  async describe(
    { consumer, token }: Owner,
    { name, ttl, card, document }: Offer,
  ): Promise<'ok' | 'missing' | 'fenced' | 'unknown'> {
    const answer = await run(this.link, describeScript, {
      lease: this.keys.lease(consumer),
      services: this.keys.services(),
      instances: this.keys.instances(name),
      about: this.keys.about(name),
      documents: document === undefined ? [] : [this.keys.document(document.digest)],
      token,
      consumer,
      name,
      ttl,
      card,
      life: LIFE,
      text: document?.text ?? '',
    });
    return wordOf(answer, ['ok', 'missing', 'fenced', 'unknown'] as const, 'describe');
  }

  /** @param ask each instance to say it again */
  async look(name: string, ask: boolean): Promise<{ now: number; cards: Card[] }> {
    const answer = await run(this.link, lookScript, {
      instances: this.keys.instances(name),
      about: this.keys.about(name),
      most: MOST,
      inboxes: ask ? this.keys.inbox('') : '',
    });
    const [now, ...rest] = textsOf(answer, 'look');
    const cards: Card[] = [];
    for (let i = 0; i < rest.length; i += 2) {
      const [, at, text] = /^(\d+) (.*)$/s.exec(rest[i + 1] ?? '') ?? [];
      if (text !== undefined) cards.push({ consumer: rest[i] as string, at: Number(at), text });
    }
    return { now: numberOf(now), cards };
  }

  async services(): Promise<string[]> {
    const given = { services: this.keys.services(), most: MOST };
    return textsOf(await run(this.link, servicesScript, given), 'services');
  }

  async document(digest: string): Promise<string | undefined> {
    const text = await this.link.command('get', [this.keys.document(digest)]);
    return textOr(text, undefined);
  }
}
