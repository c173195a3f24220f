import { createConnection, type Connection } from './connect.js';
import { askCredentials } from './credentials.js';
import type { LinkRole, LinkSettings } from './link-settings.js';

/** Finds out where the server is and with which credentials, and makes a connection for a link. */
export async function prepareConnection(
  { target, name, resp2, server, ahead }: LinkSettings,
  role: LinkRole,
): Promise<Connection> {
  const node = await server?.find();
  const credentials = await askCredentials(target);
  const own = { name: name?.(role), leads: ahead === undefined };
  return createConnection(target, { ...own, credentials, resp2, node });
}
