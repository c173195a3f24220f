import { parseHeader, type Header } from '../protocol/header.js';
import type { Keys } from '../protocol/keys.js';
import { isEntryId } from '../protocol/limits.js';
import { textOf, textOr, textsOf, wordOf } from './answer.js';
import { RESULT_LIFE, type Answer, type CheckedAnswer, type Owner } from './group-broker.js';
import { CHECKED } from './settlement.js';
import type { Link } from './link.js';
import { run } from './script.js';
import { TOMBSTONE } from './scripts/lease.lua.js';
import { claimKeyScript } from './scripts/idempotency.lua.js';
import { sweepScript } from './scripts/notes.lua.js';
import { adoptScript, orphansScript } from './scripts/orphans.lua.js';
import { endInterruptedScript, interruptedScript, startScript } from './scripts/start.lua.js';

/** An entry that a consumer had started and may not be started again. */
export interface InterruptedEntry {
  readonly id: string;
  /** Undefined when the entry is gone, or was never readable. */
  readonly header: Header | undefined;
}

export type KeyClaim =
  | { readonly kind: 'run' | 'wait' | 'mismatch' | 'unreadable' }
  | { readonly kind: 'stored'; readonly result: string };

const CLAIMS = ['run', 'wait', 'mismatch', 'unreadable', 'stored', 'elsewhere'] as const;

/** What is asked of Redis before a handler runs: may it start, and does it have to. */
export class StartBroker {
  constructor(
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly group: () => string,
  ) {}

  /** Per id whether this consumer is to run it. */
  async start(
    owner: Owner,
    stream: string,
    ids: readonly string[],
  ): Promise<boolean[] | 'missing' | 'fenced'> {
    const keys = [
      this.keys.lease(owner.consumer),
      this.keys.stream(stream),
      this.keys.started(stream),
    ];
    const args = [owner.token, this.group(), owner.consumer, ...ids];
    const answer = textOf(await run(this.link, startScript, keys, args), 'start');
    if (answer === 'missing' || answer === 'fenced') return answer;
    return Array.from(answer.slice(3), (flag) => flag === '1');
  }

  /** What a revoked consumer had started, or `owner` itself; nothing if it is neither. */
  async interrupted(owner: Owner, by: string, stream: string): Promise<InterruptedEntry[]> {
    const keys = [this.keys.lease(by), this.keys.stream(stream), this.keys.started(stream)];
    const args = [by, this.group(), leaseOf(by, owner)];
    const answer = await run(this.link, interruptedScript, keys, args);
    const [kind, ...pairs] = textsOf(answer, 'interrupted');
    const entries: InterruptedEntry[] = [];
    if (kind !== 'ok') return entries;
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const header = parseHeader(pairs[i + 1] as string);
      entries.push({
        id: pairs[i] as string,
        header: typeof header === 'string' ? undefined : header,
      });
    }
    return entries;
  }

  async endInterrupted(
    owner: Owner,
    by: string,
    stream: string,
    id: string,
    answer: Answer | undefined,
  ): Promise<CheckedAnswer> {
    const lease = this.keys.lease(owner.consumer);
    const keys = [
      lease,
      this.keys.lease(by),
      this.keys.stream(stream),
      this.keys.started(stream),
      answer === undefined ? lease : this.keys.log(answer.caller),
    ];
    const ended = await run(this.link, endInterruptedScript, keys, [
      owner.token,
      by,
      this.group(),
      id,
      answer?.frame ?? '',
      String(answer?.ttlMs ?? 0),
      leaseOf(by, owner),
    ]);
    return wordOf(ended, CHECKED, 'end-interrupted');
  }

  /** Requests that were handed out and are pending under nobody, behind `from`; `next` is '' at the end. */
  async orphans(
    stream: string,
    from: string,
    count: number,
  ): Promise<{ next: string; ids: string[] }> {
    const keys = [this.keys.stream(stream), this.keys.started(stream)];
    const args = [this.group(), from, String(count)];
    const [next, ...ids] = textsOf(await run(this.link, orphansScript, keys, args), 'orphans');
    return { next: isEntryId(next) ? next : '', ids: ids.filter(isEntryId) };
  }

  /** Removes notes about entries that are pending no longer. */
  async sweep(stream: string): Promise<void> {
    await run(this.link, sweepScript, [this.keys.due(stream), this.keys.stream(stream)], []);
  }

  /** Makes them pending under this consumer, whose audit then finds them. */
  async adopt(owner: Owner, stream: string, ids: readonly string[]): Promise<void> {
    const keys = [
      this.keys.lease(owner.consumer),
      this.keys.stream(stream),
      this.keys.started(stream),
    ];
    await run(this.link, adoptScript, keys, [owner.token, this.group(), owner.consumer, ...ids]);
  }

  /** @param digest of the payload: the same key with another payload is a mistake */
  async claimKey(
    stream: string,
    pattern: string,
    key: string,
    id: string,
    digest: string,
  ): Promise<KeyClaim> {
    let other = stream;
    for (let tries = 0; tries < 3; tries++) {
      const keys = [
        this.keys.stream(stream),
        this.keys.idempotency(this.group(), pattern, key),
        this.keys.stream(other),
      ];
      const args = [id, digest, String(RESULT_LIFE), stream, other];
      const [word, said] = textsOf(await run(this.link, claimKeyScript, keys, args), 'claim-key');
      const kind = wordOf(word, CLAIMS, 'claim-key');
      if (kind === 'stored') return { kind, result: textOr(said, '') };
      if (kind !== 'elsewhere') return { kind };
      other = textOr(said, stream);
    }
    // Others took it meanwhile, from one stream and from another.
    return { kind: 'wait' };
  }
}

/** What the lease of a consumer holds when its starts may be ended: it is revoked, or it is mine. */
function leaseOf(consumer: string, owner: Owner): string {
  return consumer === owner.consumer ? owner.token : TOMBSTONE;
}
