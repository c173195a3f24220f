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
/** Milliseconds after the expected end of a lease, or a possible strike, until the scan. */
const MARGIN = 50;
/** Part by which the time between scans varies, so that instances do not scan at the same time. */
const JITTER = 0.2;

export interface ReclaimerHooks extends ClaimsHooks {
  /** A consumer was revoked: ends what it had started and what may not be started again. */
  revoked(dead: string, stream: StreamState): Promise<void>;
}

/**
 * Takes over what is pending under consumers that are dead or have left. Each scan asks Redis for the list of
 * consumers, because a late read can recreate a consumer that was deleted (rule L8).
 */
export class Reclaimer {
  private readonly broker: GroupBroker;
  private readonly leases: LeaseBroker;
  private readonly detector: FailureDetector;
  private readonly lines: TakeOverLines;
  private readonly scans: Periodic;
  private scanning: Promise<void> | undefined;
  private again = false;
  /** Milliseconds until the earliest end of a lease before the next regular scan; undefined: none ends. */
  private soonest: number | undefined;
  private readonly claims: Claims;
  private suspectsLeft = false;
  /** Revoked consumers that are still listed, because some of their entries wait for a slot. */
  private readonly buried = new Set<string>();

  constructor(
    private readonly context: ShardContext,
    { broker, leases }: { readonly broker: GroupBroker; readonly leases: LeaseBroker },
    private readonly all: () => readonly StreamState[],
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
   * Entries were left because no slot was free. They are older than anything that a read would bring, so they come
   * first.
   */
  get hasUnclaimed(): boolean {
    return this.claims.hasUnclaimed;
  }

  /** There is room now for some of the entries that were left, as far as this process knows. */
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

  /** Scans now: an instance left, or there is room for entries that were left. Never rejects. */
  scan(): Promise<void> {
    if (this.scans.isStopped) return Promise.resolve();
    if (this.scanning !== undefined) {
      this.again = true;
      return this.scanning;
    }
    this.scanning = this.run()
      .catch((error: unknown) =>
        this.context.logger.warn(
          'SCAN_FAILED',
          `scanning for orphans failed: ${thrownText(error)}`,
        ),
      )
      .finally(() => {
        this.scanning = undefined;
        // It was asked for after the last scan of `run` was over.
        if (this.again) void this.scan();
        else this.scans.again();
      });
    return this.scanning;
  }

  /** Milliseconds until the next scan: a quarter of a lease, or less if a lease ends or a strike is possible. */
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

  /** Lists the consumers of the group with their streams, and those with broadcast groups of their own. */
  private async list(): Promise<Map<string, Trace>> {
    const seen = new Map<string, Trace>();
    const trace = (name: string): Trace => {
      let known = seen.get(name);
      if (known === undefined) seen.set(name, (known = { consumes: [], broadcasts: [] }));
      return known;
    };
    const streams = this.all();
    for (let from = 0; from < streams.length; from += STREAMS_PER_CALL) {
      const page = streams.slice(from, from + STREAMS_PER_CALL);
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
    // Revokes every lease before claiming: a poison entry may kill this process, and its peers should not need a
    // second strike.
    for (const name of struck) {
      const verdict = await this.leases.revoke(this.context.identity.owner, name);
      if (verdict === 'missing' || verdict === 'fenced') {
        return this.context.identity.doubt(verdict);
      }
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
    // Suspects come last: an entry that is claimed beside a poison entry loses a delivery with it.
    this.suspectsLeft = last.length > 0;
    for (const { name, stream } of last) {
      if ((await this.claims.claim(name, stream, true)) === 'stop') return;
    }
    this.suspectsLeft = false;
  }

  private expect(left: number): void {
    // Not after the latest possible time of the next regular scan.
    if (left < 0 || left > (this.context.options.leaseTtl / 4) * (1 + JITTER)) return;
    if (this.soonest === undefined || left < this.soonest) this.soonest = left;
  }

  /**
   * Removes the broadcast groups of a revoked consumer, and ends once what may not be started again: nothing new can
   * come under that name. Entries are claimed slot by slot, so that must not be repeated with each scan.
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

/** A dead consumer, and a stream in which entries of it are left. */
interface Held {
  readonly name: string;
  readonly stream: StreamState;
}

/** Streams in which a consumer is listed, and its broadcast groups. */
interface Trace {
  readonly consumes: StreamState[];
  readonly broadcasts: { readonly stream: StreamState; readonly group: string }[];
}
