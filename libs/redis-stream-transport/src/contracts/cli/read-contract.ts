import { ClientRedisStreams } from '../../nest/client-redis-streams.js';
import { servedContracts, readSchema } from '../check/served-contracts.js';
import { directoryOf } from '../directory/directory-of.js';
import type { ServiceDirectory } from '../directory/service-directory.js';
import type { ContractSchema } from '../schema/contract-schema.js';
import { Failure } from './failure.js';

export interface Source {
  readonly url: string;
  readonly prefix: string;
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
 * Asks Redis for the contract of a running service.
 * @throws Failure with what a person can do about it
 */
export async function readContract(source: Source): Promise<ReadContract> {
  const { url, prefix } = source;
  const client = new ClientRedisStreams({ url, prefix, retryAttempts: 2 });
  try {
    await client.connect();
    return await chosen(directoryOf(client) as ServiceDirectory, source);
  } finally {
    await client.close();
  }
}

async function chosen(
  directory: ServiceDirectory,
  { service, version }: Source,
): Promise<ReadContract> {
  const { instances, forms } = await servedContracts(directory, service);
  if (instances === 0) throw new Failure(await absent(directory, service));
  const newest = forms.toSorted((one, other) => compareVersions(other.version, one.version));
  const form = version === undefined ? newest[0] : newest.find((one) => one.version === version);
  const versions = [...new Set(newest.map((one) => one.version))];
  if (form === undefined) {
    const served = versions.length === 0 ? 'without a schema' : `as ${versions.join(', ')}`;
    throw new Failure(`${service} is served ${served}`);
  }
  const schema = await readSchema(directory, form.document);
  if (schema === undefined) throw new Failure(`the schema of ${service} is gone; try again`);
  return { schema, others: versions.filter((one) => one !== form.version) };
}

async function absent(directory: ServiceDirectory, service: string): Promise<string> {
  const names = await directory.names();
  const known =
    names.length === 0 ? 'no service is' : `these are: ${names.slice(0, 20).join(', ')}`;
  return `no live instance announces ${service}; ${known}`;
}

function compareVersions(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
