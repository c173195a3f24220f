import { factsOf } from '../announce/contract-facts.js';
import { readSchema } from '../check/served-contracts.js';
import type { ServiceDirectory, ServiceInstance } from '../directory/service-directory.js';
import { isNewer } from '../schema/compare-contracts.js';
import type { ContractSchema } from '../schema/contract-schema.js';

/** Schemas that are kept; one may have a megabyte. */
const MOST = 50;

/** Schemas of contracts, each read once: what a digest names never changes. */
export class SchemaShelf {
  private readonly kept = new Map<string, ContractSchema>();

  constructor(private readonly directory: ServiceDirectory) {}

  /**
   * The newest of those that these instances serve, or one of a version. What is no contract is passed over.
   */
  async newest(
    instances: readonly ServiceInstance[],
    version?: string,
  ): Promise<{ readonly schema: ContractSchema | undefined; readonly passedOver: boolean }> {
    const versions = new Map<string, string>();
    for (const instance of instances) {
      const facts = factsOf(instance);
      if (facts === undefined || instance.document === undefined) continue;
      if (version === undefined || facts.version === version)
        versions.set(instance.document, facts.version);
    }
    const sorted = [...versions].toSorted(([, one], [, other]) => (isNewer(one, other) ? -1 : 1));
    let passedOver = false;
    for (const [digest] of sorted) {
      const schema = await this.read(digest);
      if (typeof schema === 'object') return { schema, passedOver };
      passedOver ||= schema === 'no contract';
    }
    return { schema: undefined, passedOver };
  }

  private async read(digest: string): ReturnType<typeof readSchema> {
    const known = this.kept.get(digest) ?? (await readSchema(this.directory, digest));
    if (typeof known === 'string') return known;
    this.kept.delete(digest);
    this.kept.set(digest, known);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST && oldest !== undefined) this.kept.delete(oldest);
    return known;
  }
}
