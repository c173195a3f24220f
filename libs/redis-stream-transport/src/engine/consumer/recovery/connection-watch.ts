import { CommandFailure } from '../../../redis/failure.js';
import type { LeaseBroker, NotedConnections } from '../../../redis/lease-broker.js';
import { jittered } from '../../clock.js';
import { Periodic } from '../../periodic.js';
import type { ShardContext } from '../membership/shard-context.js';
import { FailureDetector } from './failure-detector.js';

/** Milliseconds between two looks of a whole group. */
const EVERY = 800;
/** Share by which looks are spread, so that a fleet does not look in step. */
const JITTER = 0.1;
/** Milliseconds behind the time of a second strike at which it is looked for. */
const MARGIN = 20;
/** Milliseconds that a look may take. Where Redis stood still, nobody could reconnect. */
const PROMPT = 1000;
/** Milliseconds until Redis is asked again what it does not permit, or does not know. */
const REFUSED_PAUSE = 60_000;

export interface ConnectionWatchHooks {
  /** Somebody was revoked: what it held can be taken over. */
  revoked(): void;
}

/**
 * Notices within a second or so that a process was killed: all of its connections are gone. It is revoked
 * when the same is seen once more after its own grace, in which a process that only lost them is back and has
 * noted others (rule L23). Whatever cannot be told is left to the lease.
 */
export class ConnectionWatch {
  private readonly detector: FailureDetector;
  private readonly looks: Periodic;
  private looking: Promise<void> = Promise.resolve();
  private isRefused = false;

  constructor(
    private readonly context: ShardContext,
    private readonly leases: LeaseBroker,
    private readonly hooks: ConnectionWatchHooks,
  ) {
    const { options, clock } = context;
    this.detector = new FailureDetector(options.leaseTtl);
    this.looks = new Periodic(clock, {
      wait: () => this.untilNextLook(),
      run: () => this.look(),
    });
  }

  start(): void {
    this.looks.start();
  }

  async stop(): Promise<void> {
    this.looks.stop();
    await this.looking;
  }

  /** Looks who has lost all connections. Never rejects. */
  look(): Promise<void> {
    this.looking = this.lookOnce().catch((error: unknown) => this.failed(error));
    return this.looking;
  }

  private untilNextLook(): number {
    if (this.isRefused) return REFUSED_PAUSE;
    const regular = jittered(this.context.clock, EVERY, JITTER);
    const strike = this.detector.nextStrike(this.context.clock.now());
    return strike === undefined ? regular : Math.min(regular, strike + MARGIN);
  }

  private async lookOnce(): Promise<void> {
    const { clock, connections, identity } = this.context;
    const own = connections.idOf(this.leases.link);
    this.isRefused = false;
    if (own === undefined || !identity.mayStart) return this.forget();
    const sentAt = clock.now();
    const isUrgent = this.detector.suspects > 0;
    const noted = await this.leases.notedConnections(EVERY * (1 - JITTER), isUrgent);
    const others = noted.filter(({ consumer }) => consumer !== identity.consumer);
    const ids = others.flatMap((other) => other.ids);
    const open = await this.leases.openConnections(own, ids);
    const now = clock.now();
    // Another connection may lead to another server, in which these ids are others'.
    const isSame = connections.idOf(this.leases.link) === own;
    if (open === undefined || !isSame || now - sentAt > PROMPT) return this.forget();
    const lost = others.filter((other) => !other.ids.some((id) => open.has(id)));
    const struck = lost.filter((one) => this.detector.missing(keyOf(one), now, one.grace));
    // A strike of another one, who died later, goes on counting.
    this.detector.keepOnly(new Set(lost.filter((one) => !struck.includes(one)).map(keyOf)));
    await this.revoke(struck);
  }

  private async revoke(struck: readonly NotedConnections[]): Promise<void> {
    const { identity, logger } = this.context;
    let isAny = false;
    for (const { consumer, note, grace } of struck) {
      const verdict = await this.leases.revoke(identity.owner, consumer, note);
      if (verdict === 'missing' || verdict === 'fenced') {
        identity.doubt(verdict);
        break;
      }
      if (verdict !== 'revoked') continue;
      isAny = true;
      const line = `${consumer} has had no connection for ${(grace / 1000).toFixed(1)} s or more: taken for dead`;
      logger.warn(`INSTANCE_CUT_OFF ${consumer}`, line);
    }
    if (isAny) this.hooks.revoked();
  }

  /** What was seen says nothing any more. */
  private forget(): void {
    this.detector.keepOnly(new Set());
  }

  private failed(error: unknown): void {
    this.forget();
    if (!(error instanceof CommandFailure) || error.passing) return;
    this.isRefused = true;
    const line = `who is killed is noticed only when its lease ends: ${error.message}`;
    this.context.logger.log('CONNECTIONS_UNLISTED', line);
  }
}

/** A note is another one after each renewal: who has renewed since has no strike. */
const keyOf = ({ consumer, note }: NotedConnections): string => `${consumer} ${note}`;
