import type { AnyClientProxy } from '../call/any-client-proxy.js';
import type { ClientRedisStreams } from '../../nest/client-redis-streams.js';
import { DirectoryStore } from './directory-store.js';
import { ServiceDirectory } from './service-directory.js';

const directories = new WeakMap<AnyClientProxy, ServiceDirectory>();

/** The directory of a client of this transport, of whichever copy of this package; others have none. */
export function directoryOf(proxy: AnyClientProxy): ServiceDirectory | undefined {
  const client = proxy as ClientRedisStreams;
  if (typeof client.shard !== 'function') return undefined;
  let directory = directories.get(proxy);
  if (directory === undefined) {
    directory = new ServiceDirectory(async () => {
      const { commands, keys } = await client.shard();
      return new DirectoryStore(commands, keys);
    });
    directories.set(proxy, directory);
  }
  return directory;
}
