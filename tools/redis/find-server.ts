// Finds the server binary to run, in this order: the one that the user names, an installed one, one that was
// fetched before, one that can be fetched now.
import { ServerSearch } from '../../libs/redis-stream-transport/src/testing/redis-server/find-server.js';
import { fetchServer, unpackedServer } from './distribution-package.js';
import type { Server } from './server.js';

export function findServer(): Server {
  const search = new ServerSearch();
  const installed = search.installed();
  if (installed !== undefined) return installed;
  for (const look of [unpackedServer, fetchServer]) {
    const server = look();
    if (server !== undefined && search.isUsable(server)) return server;
  }
  throw search.failure;
}
