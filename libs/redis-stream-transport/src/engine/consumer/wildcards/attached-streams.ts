import { shardOf } from '../../../protocol/keys.js';
import { MAX_PATTERN_LENGTH } from '../../../protocol/limits.js';
import { RESULT_LIFE } from '../../../protocol/result-record.js';
import type { LeaseBroker, StreamClaim } from '../../../redis/lease-broker.js';
import type { GroupReading } from '../intake/group-reading.js';
import type { PatternState } from '../intake/pattern-state.js';
import type { Patterns } from '../intake/patterns.js';
import type { StreamState } from '../intake/stream-state.js';
import type { ShardContext } from '../membership/shard-context.js';
import { dealtBy, WildClaims, type Dealt } from './wild-claims.js';
import type { WildPatterns, WildRoom, WildWants } from './wild-patterns.js';

/**
 * Milliseconds without a new entry after which a stream that nobody names is removed. Results of its calls are kept after the call,
 * and a handler may take as long as that.
 */
const IDLE = 2 * RESULT_LIFE;

export interface AttachedStreamsParts {
  readonly context: ShardContext;
  readonly leases: LeaseBroker;
  readonly shard: number;
  readonly wild: WildPatterns;
  /** Shared by all shards. */
  readonly room: WildRoom;
  readonly patterns: Patterns;
  /** The patterns of the shard, which are announced. */
  readonly states: PatternState[];
  readonly reading: () => GroupReading;
  readonly hooks: AttachedStreamsHooks;
}

export interface AttachedStreamsHooks {
  /** A stream has come, or went. */
  reads(name: string, does: boolean): void;
  /** Streams may be read that could not, or the other way round. */
  refreshed(): void;
}

interface Attached {
  readonly stream: StreamState;
  /** The pattern of which it is the stream. */
  readonly state: PatternState;
}

/**
 * The streams of one shard that are read because wildcards stand for them. Each is claimed before it is read, and anew from time
 * to time: another group may answer its requests by now, or may have gone.
 *
 * Invariant: what another group may answer is neither read nor announced. So a stream whose claim may not hold any more is in
 * doubt until it was claimed anew. Where another group has the requests, the stream is first in doubt, until nothing more of it can
 * come to an instance that answers: then it is certain which requests this group goes on with.
 */
export class AttachedStreams {
  private readonly all = new Map<string, Attached>();
  private readonly claims: WildClaims;

  constructor(private readonly parts: AttachedStreamsParts) {
    this.claims = new WildClaims(parts.context, parts.leases);
  }

  get names(): string[] {
    return [...this.all.keys()];
  }

  /** Those of which nothing is held. */
  get idle(): string[] {
    return this.names.filter((name) => this.all.get(name)?.stream.held.size === 0);
  }

  get doubtful(): string[] {
    return this.names.filter((name) => this.all.get(name)?.stream.isInDoubt === true);
  }

  has(name: string): boolean {
    return this.all.has(name);
  }

  /** What is handled of a name; undefined: it is none that is to be attached. */
  wants(name: string): WildWants | undefined {
    const { context, shard, patterns, wild } = this.parts;
    if (name.length > MAX_PATTERN_LENGTH || patterns.has(name)) return undefined;
    return shardOf(name, context.options.shards) === shard ? wild.wants(name) : undefined;
  }

  /** Reads a stream from now on, if nothing speaks against it. There must be room. */
  async attach(name: string, wants: WildWants): Promise<Dealt> {
    const { room } = this.parts;
    room.take();
    let dealt: Dealt = 'again';
    try {
      dealt = await this.guarded(name, () => this.claim(name, wants));
    } finally {
      if (dealt !== 'read') room.give();
    }
    return dealt;
  }

  /** Asks once more whose the requests of a stream are. What is answered here must be in doubt before it is left. */
  claimAnew(name: string): Promise<Dealt> {
    return this.guarded(name, async () => {
      const wants = this.parts.wild.wants(name);
      const attached = this.all.get(name);
      if (attached === undefined || wants?.answers !== true) return 'not';
      const { state, stream } = attached;
      const spec = { ...state.spec, answers: true };
      const how = state.spec.answers && !stream.isInDoubt ? 'look' : 'anew';
      const claim = await this.claims.ask(name, wants, spec, how);
      if (this.all.get(name) !== attached) return 'not';
      if (claim.kind === 'yields') this.doubt([name]);
      if (claim.kind === 'left' && claim.isShared && stream.isInDoubt) return 'soon';
      if (claim.kind === 'ok' || claim.kind === 'left') this.settle(attached, claim);
      if (claim.kind !== 'gone') return dealtBy(claim);
      if (await this.isForgotten(name)) {
        this.doubt([name]);
        return 'again';
      }
      this.detach(name);
      return 'not';
    });
  }

  /** The claims may not hold any more: another group has come, or the lease was lost, or Redis has lost its memory. */
  doubt(names: readonly string[] = this.names): void {
    let isAny = false;
    for (const name of names) {
      const { stream, state } = this.all.get(name) ?? {};
      if (stream === undefined || state === undefined) continue;
      if (stream.isInDoubt || !state.spec.answers) continue;
      stream.isInDoubt = true;
      this.announces(state, false);
      isAny = true;
    }
    if (isAny) this.parts.hooks.refreshed();
  }

  /** The instance leaves: what is in doubt was announced too, and is to be withdrawn with the rest. */
  leaves(): void {
    for (const name of this.doubtful) {
      const attached = this.all.get(name);
      if (attached !== undefined) this.announces(attached.state, true);
    }
  }

  /** Resolves when nothing more is on its way of what is in doubt. */
  async quiet(): Promise<void> {
    if (this.doubtful.length > 0) await this.parts.reading().reader.settled();
  }

  /** Reads a stream no more. What is held of it must end first: then it stays. */
  detach(name: string): void {
    const { patterns, wild, room, hooks } = this.parts;
    const { stream, state } = this.all.get(name) ?? {};
    if (stream === undefined || state === undefined || stream.held.size > 0) return;
    this.all.delete(name);
    this.parts.reading().drop(stream);
    // Entries of other patterns may have come in it: these go on to be announced.
    this.announces(state, false);
    patterns.drop(stream);
    wild.close(name);
    room.give();
    hooks.reads(name, false);
  }

  /** Has a stream removed if nobody uses it. Rejects when Redis fails. */
  async retire(name: string): Promise<void> {
    const { context, leases } = this.parts;
    const answer = await leases.retireStream(context.identity.owner, name, IDLE);
    if (answer === 'retired') this.detach(name);
  }

  private async claim(name: string, wants: WildWants): Promise<Dealt> {
    const { wild, patterns, hooks } = this.parts;
    const spec = wild.open(name);
    let isAttached = false;
    try {
      const claim = await this.claims.ask(name, wants, spec, undefined);
      if (claim.kind !== 'ok' && claim.kind !== 'left') return dealtBy(claim);
      const answers = spec.answers && claim.kind === 'ok';
      const stream = patterns.add({ ...spec, answers });
      stream.from = claim.from;
      stream.answeredUpTo = claim.kind === 'left' ? claim.upTo : undefined;
      try {
        await this.parts.reading().add(stream);
      } catch (error) {
        patterns.drop(stream);
        throw error;
      }
      const state = stream.patternOf(name) as PatternState;
      this.all.set(name, { stream, state });
      this.announces(state, true);
      isAttached = true;
      hooks.reads(name, true);
      return 'read';
    } finally {
      if (!isAttached) wild.close(name);
    }
  }

  private settle({ stream, state }: Attached, claim: StreamClaim): void {
    const { reading, hooks } = this.parts;
    const [did, wasInDoubt] = [state.spec.answers, stream.isInDoubt];
    const does = claim.kind === 'ok';
    stream.answeredUpTo = claim.kind === 'left' ? claim.upTo : undefined;
    state.answer(does);
    stream.isInDoubt = false;
    if (wasInDoubt) this.announces(state, true);
    if (does && !did) reading().answers(stream);
    if (wasInDoubt) hooks.refreshed();
  }

  /** Has the pattern announced from the next renewal on, if it is answered. */
  private announces(state: PatternState, does: boolean): void {
    const { states } = this.parts;
    const at = states.indexOf(state);
    if (does && at < 0) states.push(state);
    if (!does && at >= 0) states.splice(at, 1);
  }

  /** Redis has lost what it knew of all streams. The next renewal tells it what is read, and claims it anew. */
  private async isForgotten(name: string): Promise<boolean> {
    const { leases, wild } = this.parts;
    const [one] = wild.wildcards;
    return one !== undefined && (await leases.unknownStreams(one.text, [name])) === undefined;
  }

  /** What Redis refuses about one name must not stop the others. */
  private async guarded(name: string, deal: () => Promise<Dealt>): Promise<Dealt> {
    try {
      return await deal();
    } catch (error) {
      if (this.claims.isRefused(name, error)) return 'not';
      throw error;
    }
  }
}
