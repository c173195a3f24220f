import type { ServiceDirectory } from '../directory/service-directory.js';
import { factsOf } from '../announce/contract-facts.js';
import type { ContractSchema } from '../schema/contract-schema.js';
import { readContractSchema } from '../schema/read-schema.js';

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

/** Reads the schema of a contract, or says what it is instead. */
export async function readSchema(
  directory: ServiceDirectory,
  document: string,
): Promise<ContractSchema | 'gone' | 'no contract'> {
  const text = await directory.document(document);
  return text === undefined ? 'gone' : (readContractSchema(text) ?? 'no contract');
}
