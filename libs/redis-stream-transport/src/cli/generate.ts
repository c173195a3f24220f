import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { RedisStreamsError } from '../errors.js';
import { visibleLines } from '../protocol/visible.js';
import { asyncApiDocument } from '../contracts/generate/asyncapi-document.js';
import { clientSource } from '../contracts/generate/client-source.js';
import type { ContractSchema } from '../contracts/schema/contract-schema.js';
import { Failure } from './failure.js';
import { readContract, type ReadContract, type Source } from './read-contract.js';
import { thrownText } from '../thrown.js';

export const USAGE = `Usage: nestjs-redis-streams generate --service NAME [options]

Writes a typed client for a service that is running, from the contract that it announces.

  --service NAME     the service: its contract's name, after its namespace and a dot if it has one
  --url URL          of Redis; default: REDIS_URL, or redis://localhost:6379
  --prefix PREFIX    of the keys, as the service has it; default: nrs
  --version VERSION  one of several that are served; default: the newest
  --format FORMAT    typescript or asyncapi; default: typescript
  --out FILE         default: standard output
  --help
`;

const FORMATS: ReadonlyMap<string, (schema: ContractSchema) => string> = new Map([
  ['typescript', clientSource],
  [
    'asyncapi',
    (schema: ContractSchema) => `${JSON.stringify(asyncApiDocument(schema), undefined, 2)}\n`,
  ],
]);

/** Where the words of the command go; a test looks at them. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

/**
 * Runs the command line.
 * @param read asks the running service
 * @returns the exit code: 0, 1 if it did not work, 2 if it was called wrongly
 */
export async function runCommand(
  args: readonly string[],
  shown: Terminal,
  read: (source: Source) => Promise<ReadContract> = readContract,
): Promise<number> {
  const terminal = seen(shown);
  try {
    const [command, ...rest] = args;
    if (command === undefined || command === '--help' || command === 'help') {
      terminal.out(USAGE);
      return command === undefined ? 2 : 0;
    }
    if (command !== 'generate') throw new Failure(`there is no command ${command}`, 2);
    await generate(rest, terminal, read);
    return 0;
  } catch (error) {
    const failure = failureOf(error);
    terminal.err(`nestjs-redis-streams: ${failure.message}\n`);
    if (failure.exitCode === 2) terminal.err(`\n${USAGE}`);
    return failure.exitCode;
  }
}

/** Shows control characters of what a service says: a terminal would obey them. */
function seen(terminal: Terminal): Terminal {
  return {
    env: terminal.env,
    out: (text) => terminal.out(visibleLines(text)),
    err: (text) => terminal.err(visibleLines(text)),
  };
}

async function generate(
  args: readonly string[],
  terminal: Terminal,
  read: (source: Source) => Promise<ReadContract>,
): Promise<void> {
  const values = argumentsOf(args);
  if (values.help === true) {
    terminal.out(USAGE);
    return;
  }
  if (values.service === undefined) throw new Failure('--service is missing', 2);
  const write = FORMATS.get(values.format);
  if (write === undefined) throw new Failure(`--format is ${[...FORMATS.keys()].join(' or ')}`, 2);
  const { schema, others } = await read({
    url: values.url ?? (terminal.env['REDIS_URL'] || 'redis://localhost:6379'),
    prefix: values.prefix,
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

function argumentsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        service: { type: 'string' },
        url: { type: 'string' },
        prefix: { type: 'string', default: 'nrs' },
        version: { type: 'string' },
        format: { type: 'string', default: 'typescript' },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new Failure(thrownText(error), 2);
  }
}

/** Errors of the transport and of files say enough; anything else is a mistake of ours, with its stack. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (RedisStreamsError.isRedisStreamsError(error)) {
    return new Failure(`${error.message} (${error.code})`, error.code === 'INVALID_OPTION' ? 2 : 1);
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  return new Failure(typeof code === 'string' ? message : (stack ?? message));
}
