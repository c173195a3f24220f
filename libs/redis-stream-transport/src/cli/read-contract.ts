import { ClientRedisStreams } from '../nest/client-redis-streams.js';
import type { RedisStreamsClientOptions } from '../options/index.js';
import { ContractError } from '../contracts/declare/contract-error.js';
import { Discovery } from '../contracts/discovery/discovery.js';
import type { ContractSchema } from '../contracts/schema/contract-schema.js';
import { Failure } from './failure.js';

export interface Source {
  readonly place: RedisStreamsClientOptions;
  /** As the service announces itself: `<namespace>.<name>`. */
  readonly service: string;
  /** One of the versions that are served; undefined for the newest. */
  readonly version: string | undefined;
}

export interface ReadContract {
  readonly schema: ContractSchema;
  /** Versions that are served as well, as in the middle of a deployment. */
  readonly others: readonly string[];
}

/**
 * Asks for the contract of a running service.
 * @throws Failure, ContractError or RedisStreamsError with what a person can do about it
 */
export async function readContract({ place, service, version }: Source): Promise<ReadContract> {
  const client = new ClientRedisStreams(place);
  try {
    await client.connect();
    const discovery = new Discovery(client);
    const schema = await discovery
      .schema(service, version)
      .catch(async (error: unknown) => Promise.reject(await withNames(error, service, discovery)));
    const { instances } = await discovery.info(service);
    const versions = new Set(instances.flatMap((one) => one.version ?? []));
    versions.delete(schema.version);
    return { schema, others: [...versions] };
  } finally {
    await client.close();
  }
}

/** Whoever asks for a contract that is not there may have misspelt it, or named a service that has none. */
async function withNames(error: unknown, service: string, discovery: Discovery): Promise<unknown> {
  if (!ContractError.is(error)) return error;
  const names = await discovery.names();
  if (names.includes(service)) return error;
  const known =
    names.length === 0
      ? 'no contract is announced, and a service without one has no client to be generated'
      : `these are: ${names.slice(0, 20).join(', ')}`;
  return new Failure(`${error.message}; ${known}`);
}
