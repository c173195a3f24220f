import type { NodeAddress } from '../../options/index.js';
import { createConnection, type Connection } from '../connect.js';
import { askCredentials } from '../credentials.js';
import type { LinkRole, LinkSettings } from '../link-settings.js';

/** Finds out with which credentials to connect, and makes a connection for a link. `node` is that of a Cluster. */
export async function prepareConnection(
  { target, name, resp2, ahead }: LinkSettings,
  role: LinkRole,
  node: NodeAddress | undefined,
): Promise<Connection> {
  const credentials = await askCredentials(target);
  const own = { name: name?.(role), leads: ahead === undefined };
  return createConnection(target, { ...own, credentials, resp2, node });
}
