import { nameOf } from '../cluster/nodes.js';
import type { LinkRole, LinkSettings } from '../link-settings.js';
import { ConnectionOpening } from './open-connection.js';
import { sharedUnder, takeWhole, type ConnectionPart } from './shared-connections.js';
import type { Waits } from '../waits.js';

/** Milliseconds for finding the server. */
const FIND_TIMEOUT = 10_000;
/** Milliseconds for all of a connection: its parts have bounds of their own, and this is more than their sum. */
const OPEN_TIMEOUT = 60_000;

/** Roles whose connections can serve several shards. */
const SHARED: ReadonlySet<LinkRole> = new Set(['commands', 'subscriber']);

/**
 * Finds the server of a link and connects to it, or takes part in a connection to it that there is already. When the link
 * is stopped meanwhile, this rejects, and what comes later is given up.
 */
export async function takePart(
  settings: LinkSettings,
  role: LinkRole,
  waits: Waits,
): Promise<ConnectionPart> {
  const { server, shared } = settings;
  const node =
    server === undefined ? undefined : await waits.within(server.find(), undefined, FIND_TIMEOUT);
  const make = () => new ConnectionOpening(settings, role, node);
  const name = node === undefined ? role : `${role} ${nameOf(node)}`;
  const isShared = shared !== undefined && SHARED.has(role);
  const taking = isShared ? sharedUnder(shared).take(name, make) : takeWhole(make());
  try {
    return await waits.within(taking.part, undefined, OPEN_TIMEOUT);
  } catch (error) {
    taking.cancel();
    throw error;
  }
}
