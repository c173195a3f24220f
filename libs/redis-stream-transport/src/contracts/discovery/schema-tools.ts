import type { ValidateFunction } from 'ajv/dist/2020.js';
import { ContractError } from '../declare/contract-error.js';

/** Makes checks of JSON Schemas. */
export interface SchemaTools {
  compile(schema: object): ValidateFunction;
}

let loading: Promise<SchemaTools> | undefined;

/**
 * Loads Ajv when it is first needed: most clients have contracts, and need not install it.
 * @throws ContractError NOT_INSTALLED
 */
export function loadSchemaTools(): Promise<SchemaTools> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<SchemaTools> {
  const [ajv, formats] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv-formats'),
  ]).catch((cause: unknown) => {
    const needed = 'ajv and ajv-formats must be installed to call services without a contract';
    const told = `${needed}: npm install ajv ajv-formats`;
    throw Object.assign(new ContractError('NOT_INSTALLED', told), { cause });
  });
  return {
    compile(schema) {
      // A new one each time, because it keeps all that it compiled. Keywords that it does not know are ignored.
      const tool = new ajv.Ajv2020({ strict: false, allErrors: true, logger: false });
      formats.default.default(tool);
      return tool.compile(schema);
    },
  };
}
