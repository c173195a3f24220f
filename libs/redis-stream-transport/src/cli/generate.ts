import { writeFile } from 'node:fs/promises';
import { asyncApiDocument } from '../contracts/generate/asyncapi-document.js';
import { clientSource } from '../contracts/generate/client-source.js';
import type { ContractSchema } from '../contracts/schema/contract-schema.js';
import { visibleLines } from '../protocol/visible.js';
import { argumentsOf, numberOf, placeOf, WHERE } from './arguments.js';
import { Failure } from './failure.js';
import type { readContract } from './read-contract.js';
import type { Terminal } from './terminal.js';

const FORMATS: ReadonlyMap<string, (schema: ContractSchema) => string> = new Map([
  ['typescript', clientSource],
  [
    'asyncapi',
    (schema: ContractSchema) => `${JSON.stringify(asyncApiDocument(schema), undefined, 2)}\n`,
  ],
]);

/** Writes a typed client, or a document, for a service that is running. */
export async function generate(
  args: readonly string[],
  terminal: Terminal,
  read: typeof readContract,
): Promise<void> {
  const values = argumentsOf(args, {
    ...WHERE,
    service: { type: 'string' },
    version: { type: 'string' },
    format: { type: 'string', default: 'typescript' },
    out: { type: 'string' },
    shards: { type: 'string' },
  });
  if (values.service === undefined) throw new Failure('--service is missing', 2);
  const write = FORMATS.get(values.format);
  if (write === undefined) throw new Failure(`--format is ${[...FORMATS.keys()].join(' or ')}`, 2);
  const shards = values.shards === undefined ? {} : { shards: numberOf('shards', values.shards) };
  const { schema, others } = await read({
    place: { ...placeOf(values, terminal), ...shards },
    service: values.service,
    version: values.version,
  });
  if (others.length > 0) {
    const also = `also served: ${others.join(', ')}`;
    terminal.err(`nestjs-redis-streams: taking ${schema.version}; ${also}\n`);
  }
  const text = visibleLines(write(schema));
  if (values.out === undefined) terminal.out(text);
  else await writeFile(values.out, text);
}
