import { visible } from '../../../protocol/visible.js';
import { CommandFailure } from '../../../redis/failure.js';
import type { LeaseBroker, StreamClaim, WantedStream } from '../../../redis/lease-broker.js';
import { announcementsOf, PatternState, type PatternSpec } from '../intake/pattern-state.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { WildWants } from './wild-patterns.js';

/** What became of a name: its stream is read now, or not, or it is to be asked about again, when the lease holds or soon. */
export type Dealt = 'read' | 'not' | 'again' | 'soon';

export function dealtBy({ kind }: StreamClaim): Dealt {
  if (kind === 'yields') return 'soon';
  // Where the lease is in doubt, nothing is decided.
  return kind === 'missing' || kind === 'fenced' ? 'again' : 'not';
}

/** Names of which it was told that another group answers their calls. */
const MOST_TOLD = 10_000;

/** Claims streams that wildcards stand for, and tells why one is not read, or not all of it. */
export class WildClaims {
  private readonly told = new Set<string>();

  constructor(
    private readonly context: ShardContext,
    private readonly leases: LeaseBroker,
  ) {}

  /**
   * @param spec of the pattern, if its requests are answered
   * @param again the stream is read already; `look` asks only whether the group would keep its requests
   */
  async ask(
    name: string,
    wants: WildWants,
    spec: PatternSpec,
    again: WantedStream['again'],
  ): Promise<StreamClaim> {
    const { identity, options } = this.context;
    const { groupTtl, leaseTtl: ttl, concurrency } = options;
    const { owner } = identity;
    const { answers, listens, texts } = wants;
    const [announcement] = answers ? announcementsOf([new PatternState(spec)], concurrency) : [];
    const wanted = { name, texts, announcement, listens, groupTtl, ttl, again };
    const claim = await this.leases.claimStream(owner, wanted);
    if (owner !== identity.owner) return { kind: 'fenced' };
    if (claim.kind === 'missing' || claim.kind === 'fenced') identity.doubt(claim.kind);
    else if (claim.kind === 'wrong') this.unreadable(name, 'its "groups" key holds something else');
    else if (claim.kind === 'taken' || claim.kind === 'left') this.tell(name, claim.to);
    return claim;
  }

  /** Whether Redis refuses something about this name alone. Then it is told. */
  isRefused(name: string, error: unknown): boolean {
    if (!(error instanceof CommandFailure)) return false;
    const { kind, passing, reply, message } = error;
    if (kind !== 'refused' || passing || reply === 'OOM') return false;
    this.unreadable(name, message);
    return true;
  }

  private tell(name: string, group: string): void {
    if (this.told.has(name) || this.told.size >= MOST_TOLD) return;
    this.told.add(name);
    const line = `calls of ${visible(name)} are answered by group ${visible(group)}, not by a wildcard`;
    this.context.logger.log(`WILDCARD_LEFT ${name}`, line);
  }

  private unreadable(name: string, why: string): void {
    const line = `stream ${visible(name)}, which a wildcard stands for, is not read until it can be: ${why}`;
    this.context.logger.error(`WILDCARD_UNREADABLE ${name}`, line);
  }
}
