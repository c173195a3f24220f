import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { asyncApiDocument } from '../contracts/generate/asyncapi-document.js';
import { clientSource } from '../contracts/generate/client-source.js';
import { pythonSource } from '../contracts/generate/python-source.js';
import type { ContractSchema } from '../contracts/schema/contract-schema.js';
import { visibleLines } from '../protocol/visible.js';
import { described } from './described.js';
import type { Session } from './session.js';
import { servedPlaceOf, withWhere, type Where } from './where.js';

const LANGUAGES = { typescript: clientSource, python: pythonSource };

const FORMATS = {
  ...LANGUAGES,
  asyncapi: (schema: ContractSchema) =>
    `${JSON.stringify(asyncApiDocument(schema), undefined, 2)}\n`,
};

interface GenerateOptions extends Where {
  readonly service: string;
  readonly version?: string;
  readonly format: keyof typeof FORMATS;
  readonly language?: keyof typeof LANGUAGES;
  readonly out?: string;
}

/** Writes a typed client, or a document, for a service that is running. */
export function addGenerate(program: Command, session: Session): void {
  const command = described(program.command('generate'), {
    summary: 'writes a typed client for a service that is running',
    about: 'It is made from the contract that the service announces.',
    examples: [
      ['generate --service orders --out orders.client.ts', 'a client in TypeScript'],
      ['generate --service orders --language python --out orders_client.py', 'one in Python'],
      ['generate --service orders --format asyncapi', 'a document, on standard output'],
    ],
  });
  command
    .requiredOption(
      '--service <name>',
      "the service: its contract's name, after its namespace and a dot if it has one",
    )
    .option('--version <version>', 'one of several that are served; default: the newest')
    .addOption(
      new Option('--format <format>', 'what to write')
        .choices(Object.keys(FORMATS))
        .default('typescript'),
    )
    .addOption(
      new Option('--language <language>', 'of a client: the same as --format')
        .choices(Object.keys(LANGUAGES))
        .conflicts('format'),
    )
    .option('--out <file>', 'default: standard output');
  withWhere(command, false).action((options: GenerateOptions) => generate(options, session));
}

async function generate(options: GenerateOptions, session: Session): Promise<void> {
  const { service, version, language, out } = options;
  const format = language ?? options.format;
  const { screen } = session;
  const place = await servedPlaceOf(options, screen.terminal);
  const { schema, others } = await session.readContract({ place, service, version });
  if (others.length > 0) {
    screen.note(`taking ${schema.version}; also served: ${others.join(', ')}`);
  }
  const text = visibleLines(FORMATS[format](schema));
  if (out === undefined) screen.text(text);
  else await writeFile(out, text);
}
