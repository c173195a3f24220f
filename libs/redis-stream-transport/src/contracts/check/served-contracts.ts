import type { ServiceDirectory } from '../directory/service-directory.js';
import { factsOf } from '../announce/contract-facts.js';
import type { ContractSchema } from '../schema/contract-schema.js';

/** One form of a contract that live instances serve. */
export interface ServedContract {
  readonly version: string;
  readonly hash: string;
  readonly document: string;
  /** Whether one of them insists that clients fit. */
  readonly force: boolean;
}

/** The forms in which a contract is served now; there are several while a new one is being rolled out. */
export async function servedContracts(
  directory: ServiceDirectory,
  name: string,
): Promise<{ readonly instances: number; readonly forms: ServedContract[] }> {
  const forms = new Map<string, ServedContract>();
  const instances = await directory.instances(name);
  for (const instance of instances) {
    const facts = factsOf(instance);
    if (facts?.hash === undefined || instance.document === undefined) continue;
    const { version, hash } = facts;
    const force = facts.force || forms.get(hash)?.force === true;
    forms.set(hash, { version, hash, document: instance.document, force });
  }
  return { instances: instances.length, forms: [...forms.values()] };
}

/** Reads the schema of a contract; undefined if it is gone, or is none. */
export async function readSchema(
  directory: ServiceDirectory,
  document: string,
): Promise<ContractSchema | undefined> {
  const text = await directory.document(document);
  if (text === undefined) return undefined;
  const schema = JSON.parse(text) as Partial<ContractSchema> | null;
  const isOne = typeof schema?.methods === 'object' && typeof schema.hash === 'string';
  return isOne ? (schema as ContractSchema) : undefined;
}
