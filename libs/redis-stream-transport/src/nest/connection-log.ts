import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { RedisTarget } from '../options/index.js';
import { placeOf } from '../redis/shown.js';
import { CommandFailure } from '../redis/failure.js';
import type { LinkObserver, LinkRole } from '../redis/link.js';

/** Logs what happens to the connections: lost, not to be had, there again, and why. */
export class ConnectionLog implements LinkObserver {
  /** When a role lost the connection that it had, in milliseconds; gone when it has one again. */
  private readonly lostAt = new Map<LinkRole, number>();
  private readonly place: string;

  constructor(
    target: RedisTarget,
    private readonly logger: RateLimitedLogger,
    private readonly now: () => number,
  ) {
    this.place = placeOf(target);
  }

  ready(role: LinkRole): void {
    const lostAt = this.lostAt.get(role);
    if (lostAt === undefined) return;
    this.lostAt.delete(role);
    const seconds = ((this.now() - lostAt) / 1000).toFixed(1);
    this.logger.log(
      `CONNECTED_AGAIN ${role}`,
      `connected to Redis again (${role}), ${seconds} s after the connection was lost`,
    );
  }

  closed(role: LinkRole, reason: Error): void {
    if (!this.lostAt.has(role)) this.lostAt.set(role, this.now());
    this.logger.warn(
      `CONNECTION_LOST ${role}`,
      `lost a connection to Redis (${role}): ${told(reason)}`,
    );
  }

  failed(role: LinkRole, error: Error): void {
    const refused = error instanceof CommandFailure && error.kind === 'refused';
    const what = refused ? 'cannot use' : 'cannot connect to';
    this.logger.warn(
      `CONNECT_FAILED ${role}`,
      `${what} Redis at ${this.place} (${role}): ${told(error)}`,
    );
  }
}

/** One observer in place of several; each is called, in this order. */
export function tellAll(...observers: readonly Partial<LinkObserver>[]): LinkObserver {
  return {
    ready: (role) => observers.forEach((one) => one.ready?.(role)),
    closed: (role, reason) => observers.forEach((one) => one.closed?.(role, reason)),
    failed: (role, error, attempt) =>
      observers.forEach((one) => one.failed?.(role, error, attempt)),
  };
}

function told(reason: Error): string {
  const demoted = reason instanceof CommandFailure && reason.demoted;
  const hint = '; this server is a replica now, and is asked until it or another is the primary';
  return demoted ? reason.message.replace(/\s*script: .*$/s, '') + hint : reason.message;
}
