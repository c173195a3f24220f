import type { MessageHandler } from '@nestjs/microservices';
import type { LeaseHost } from '../../engine/consumer/membership/companion.js';
import type { HandlerHook } from '../../nest/handler-hook.js';
import type { ServerRedisStreams } from '../../nest/server-redis-streams.js';
import { ContractError } from '../declare/contract-error.js';
import { DirectoryStore } from '../directory/directory-store.js';
import type { AnnouncedService } from './announced-service.js';
import { Announcer } from './announcer.js';

const NAME = /^.{1,200}$/s;
const names = new WeakMap<LeaseHost, Set<string>>();

/**
 * Tells others about a service of this server, for as long as it lives; to be called before `listen`.
 * Contracts are announced by themselves. What is too long is not announced, with a warning.
 * @throws ContractError INVALID_CALL: the name is empty, too long or announced before
 */
export function announceService(server: ServerRedisStreams, service: AnnouncedService): void {
  announce(server, service);
}

function announce(server: LeaseHost, service: AnnouncedService): void {
  const { name } = service;
  const known = names.get(server) ?? new Set();
  if (!NAME.test(name) || known.has(name)) {
    const told = `a service needs a name of its own, of 1 to 200 characters, not "${name}"`;
    throw new ContractError('INVALID_CALL', told);
  }
  names.set(server, known.add(name));
  server.accompany((link, keys, { group, leaseTtl }) => {
    return new Announcer(new DirectoryStore(link, keys), service, group, leaseTtl);
  });
}

/** A service that sees the handlers that belong to it. */
export interface WatchingService extends AnnouncedService {
  watch(pattern: string, handler: MessageHandler): MessageHandler;
}

/** Announces, once per server, the service that handlers belong to, and lets it watch them. */
export function announcingHook(make: () => WatchingService): HandlerHook {
  const made = new WeakMap<LeaseHost, WatchingService>();
  return (server, pattern, handler) => {
    let service = made.get(server);
    if (service === undefined) {
      service = make();
      made.set(server, service);
      // That two controllers serve a contract is reported elsewhere.
      if (names.get(server)?.has(service.name) !== true) announce(server, service);
    }
    return service.watch(pattern, handler);
  };
}
