import { broadcasterOf } from '../../../protocol/broadcast-group.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { TOMBSTONE } from '../../../redis/lua/fence.js';
import { jittered } from '../../clock.js';
import { Periodic } from '../../periodic.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from '../intake/stream-state.js';
import { Claims, type ClaimsHooks } from './claims.js';
import { FailureDetector } from './failure-detector.js';
import { TakeOverLines } from './take-over-lines.js';
import { thrownText } from '../../../thrown.js';

const STREAMS_PER_CALL = 100;
/** Milliseconds behind the expected end of a lease at which it is looked at. */
const MARGIN = 50;
/** Share by which scans are spread, so that a fleet does not scan in step. */
const JITTER = 0.2;

export interface ReclaimerHooks extends ClaimsHooks {
  /** A consumer is revoked: what it had started and may not be started again is to be ended. */
  revoked(dead: string, stream: StreamState): Promise<void>;
}

/**
 * Takes over what is pending under consumers that are dead or have left. Scans begin from Redis' own
 * list every time, because a late read recreates a consumer that was deleted (rule L8).
 */
export class Reclaimer {
  private readonly broker: GroupBroker;
  private readonly leases: LeaseBroker;
  private readonly detector: FailureDetector;
  private readonly lines: TakeOverLines;
  private readonly scans: Periodic;
  private scanning: Promise<void> | undefined;
  private again = false;
  /** Milliseconds until the earliest lease that will end before the next regular scan. */
  private soonest: number | undefined;
  private readonly claims: Claims;
  private suspectsLeft = false;
  /** Revoked consumers that are still listed, because entries of theirs wait for a slot. */
  private readonly buried = new Set<string>();

  constructor(
    private readonly context: ShardContext,
    { broker, leases }: { readonly broker: GroupBroker; readonly leases: LeaseBroker },
    private readonly streams: readonly StreamState[],
    private readonly hooks: ReclaimerHooks,
  ) {
    this.broker = broker;
    this.leases = leases;
    this.scans = new Periodic(context.clock, {
      wait: () => this.untilNextScan(),
      run: () => this.scan(),
    });
    this.detector = new FailureDetector(context.options.leaseTtl);
    this.lines = new TakeOverLines(context.logger);
    this.claims = new Claims(context, { broker, leases }, this.lines, hooks);
  }

  /**
   * Entries were left for want of free slots. They are older than anything a read would bring, so they
   * come first.
   */
  get isBehind(): boolean {
    return this.claims.isBehind;
  }

  /** There is room now for some of what was left, as far as this process knows. */
  get canGoOn(): boolean {
    return (this.suspectsLeft && this.hooks.room.takesSuspect) || this.claims.canGoOn;
  }

  start(): void {
    this.claims.start();
    this.scans.start();
  }

  async stop(): Promise<void> {
    this.scans.stop();
    this.claims.stop();
    await this.scanning;
  }

  /** Scans now: somebody left, or slots are free for what is left behind. Never rejects. */
  scan(): Promise<void> {
    if (this.scans.isStopped) return Promise.resolve();
    if (this.scanning !== undefined) {
      this.again = true;
      return this.scanning;
    }
    this.scanning = this.run()
      .catch((error: unknown) =>
        this.context.logger.warn('scan', `scanning for orphans failed: ${thrownText(error)}`),
      )
      .finally(() => {
        this.scanning = undefined;
        // Asked for when the last look was over already.
        if (this.again) void this.scan();
        else this.scans.again();
      });
    return this.scanning;
  }

  /** The next scan: a quarter of a lease from now, or when a lease ends or a strike is due before. */
  private untilNextScan(): number {
    const strike = this.detector.nextStrike(this.context.clock.now());
    const regular = jittered(this.context.clock, this.context.options.leaseTtl / 4, JITTER);
    return Math.min(
      regular,
      strike === undefined ? regular : strike + MARGIN,
      this.soonest === undefined ? regular : this.soonest + MARGIN,
    );
  }

  private async run(): Promise<void> {
    do {
      this.again = false;
      const seen = await this.list();
      const others = [...seen.keys()].filter((name) => name !== this.context.identity.consumer);
      await this.judge(others, seen);
    } while (this.again && !this.scans.isStopped);
  }

  /** Consumers of the group by the streams that list them; broadcasters by their groups. */
  private async list(): Promise<Map<string, Trace>> {
    const seen = new Map<string, Trace>();
    const trace = (name: string): Trace => {
      let known = seen.get(name);
      if (known === undefined) seen.set(name, (known = { consumes: [], broadcasts: [] }));
      return known;
    };
    for (let from = 0; from < this.streams.length; from += STREAMS_PER_CALL) {
      const page = this.streams.slice(from, from + STREAMS_PER_CALL);
      const answer = await this.broker.scan(page.map(({ name }) => name));
      for (const [i, { consumers, broadcasts }] of answer.entries()) {
        const stream = page[i] as StreamState;
        for (const name of new Set(consumers)) trace(name).consumes.push(stream);
        for (const group of broadcasts) {
          const name = broadcasterOf(this.broker.group, group);
          if (name !== undefined) trace(name).broadcasts.push({ stream, group });
        }
      }
    }
    return seen;
  }

  private async judge(others: readonly string[], seen: ReadonlyMap<string, Trace>): Promise<void> {
    this.soonest = undefined;
    this.claims.beginAnew();
    this.suspectsLeft = false;
    const missing = new Set<string>();
    const struck: string[] = [];
    const dead: string[] = [];
    if (others.length > 0) {
      const leases = await this.leases.look(others);
      const now = this.context.clock.now();
      for (const [i, name] of others.entries()) {
        const { value, left } = leases[i] as { value: string; left: number };
        if (value === TOMBSTONE) {
          dead.push(name);
          this.lines.gone(name, left);
        } else if (value !== '') this.expect(left);
        else {
          missing.add(name);
          if (this.detector.missing(name, now)) {
            struck.push(name);
            this.lines.struck(name, this.detector.silence(name, now));
          }
        }
      }
    }
    this.detector.keepOnly(missing);
    // All before the first: what is claimed may end this process, and others need not wait anew then.
    for (const name of struck) {
      const verdict = await this.leases.revoke(this.context.identity.owner, name);
      if (verdict === 'fenced') return this.context.identity.doubt('fenced');
      this.buried.delete(name);
      if (verdict === 'revoked') dead.push(name);
    }
    for (const name of this.buried) if (!dead.includes(name)) this.buried.delete(name);
    this.lines.keepOnly(dead);
    this.claims.keepOnly(dead);
    for (const name of dead) await this.bury(name, seen.get(name) as Trace);
    const last: Held[] = [];
    for (const name of dead) {
      for (const stream of (seen.get(name) as Trace).consumes) {
        const answer = await this.claims.claim(name, stream, false);
        if (answer === 'stop') return;
        if (answer === 'suspects') last.push({ name, stream });
      }
    }
    // Suspects come after everything else: what is claimed beside poison loses a delivery with it.
    this.suspectsLeft = last.length > 0;
    for (const { name, stream } of last) {
      if ((await this.claims.claim(name, stream, true)) === 'stop') return;
    }
    this.suspectsLeft = false;
  }

  private expect(left: number): void {
    // The next regular scan may be as late as its jitter lets it.
    if (left < 0 || left > (this.context.options.leaseTtl / 4) * (1 + JITTER)) return;
    if (this.soonest === undefined || left < this.soonest) this.soonest = left;
  }

  /**
   * What goes with a revoked consumer, once: nothing can come after it under that name. Entries are
   * claimed slot by slot, so this must not be repeated for each.
   */
  private async bury(name: string, { consumes, broadcasts }: Trace): Promise<void> {
    for (const { stream, group } of broadcasts) {
      await this.broker.dropGroup(stream.name, name, group);
    }
    if (this.buried.has(name)) return;
    for (const stream of consumes) await this.hooks.revoked(name, stream);
    this.buried.add(name);
  }
}

/** Where something of a consumer is left. */
interface Held {
  readonly name: string;
  readonly stream: StreamState;
}

/** Where a consumer was seen. */
interface Trace {
  readonly consumes: StreamState[];
  readonly broadcasts: { readonly stream: StreamState; readonly group: string }[];
}
