import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runCommand } from '../../libs/redis-stream-transport/src/cli/run-command.js';
import { builtLibrary } from '../support/built-library.js';
import { command, where } from './command.js';
import { FilesController } from './files.controller.js';
import type { filesClient } from './generated/files.client.js';
import { folder, load } from './generated-module.js';
import { eventually } from '../../tools/wait.js';
import { serve } from './support.js';

const FIXTURE = join(import.meta.dirname, 'generated/files.client.ts');

test('P11 a client is generated from a running service, and calls it', async () => {
  const { prefix, proxy } = await serve({ controllers: [FilesController] });
  const out = join(folder(), 'files.client.ts');
  const args = ['generate', '--service', 'media.files', '--prefix', prefix, '--out', out];
  await eventually(async () =>
    expect(await command(...args)).toEqual({ code: 0, out: '', err: '' }),
  );
  const source = readFileSync(out, 'utf8');
  // The repository compiles and lints that one.
  expect(source).toBe(readFileSync(FIXTURE, 'utf8'));

  const generated = await load<{ filesClient: typeof filesClient }>(out, source);
  const files = generated.filesClient(proxy);
  expect(await files.with({ timeout: 5_000 }).join('-', 'a', 'b')).toBe('a-b');
});

// The time is that of a build, which comes first: it may stop this process for longer than a lease holds.
test('X24 AsyncAPI too, on standard output, and as a program', { timeout: 120_000 }, async () => {
  const main = fileURLToPath(new URL('cli/main.js', builtLibrary()));
  const { prefix } = await serve({ controllers: [FilesController] });
  const args = ['generate', '--service', 'media.files', '--prefix', prefix, '--format', 'asyncapi'];
  const run = async (): Promise<string> =>
    (await promisify(execFile)(process.execPath, [main, ...args, ...where])).stdout;
  const document = JSON.parse(await run()) as { asyncapi: string; info: object };
  expect(document).toMatchObject({ asyncapi: '3.0.0', info: { title: 'media.files' } });
});

test('a service that is not there is named, and so are those that are', async () => {
  const { prefix } = await serve({ controllers: [FilesController] });
  const answer = await command('generate', '--service', 'media.file', '--prefix', prefix);
  expect(answer).toMatchObject({ code: 1, out: '' });
  expect(answer.err).toContain('no live instance announces media.file; these are: media.files');
  const other = await command('generate', '--service', 'a', '--prefix', `none-${randomUUID()}`);
  expect(other.err).toContain('; no contract is announced');
});

test('a version that is not served is an error that names those that are', async () => {
  const { prefix } = await serve({ controllers: [FilesController] });
  const args = ['generate', '--service', 'media.files', '--prefix', prefix, '--version'];
  expect(await command(...args, '9.0.0')).toMatchObject({
    code: 1,
    err: expect.stringContaining('media.files is served as 1.2.0'),
  });
  expect(await command(...args, '1.2.0')).toMatchObject({ code: 0, err: '' });
});

test('Redis that is not there is an error within seconds, and its password is not told', async () => {
  const args = ['--service', 'a', '--url', 'redis://me:secret@127.0.0.1:9'];
  const answer = await command('generate', ...args);
  expect(answer).toMatchObject({ code: 1, err: expect.stringContaining('NOT_CONNECTED') });
  expect(answer.err).not.toContain('secret');
});

test('a folder that is not there is an error', async () => {
  const { prefix } = await serve({ controllers: [FilesController] });
  const out = join(folder(), 'none', 'x.ts');
  const answer = await command(
    'generate',
    '--service',
    'media.files',
    '--prefix',
    prefix,
    '--out',
    out,
  );
  expect(answer).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') });
});

test.each([
  [[], 2],
  [['--help'], 0],
  [['help'], 0],
])('the usage: %j', async (args, code) => {
  const answer = await command(...args);
  expect(answer.code).toBe(code);
  expect(answer.out).toContain('Usage: nestjs-redis-streams [options] [command]');
  expect(answer.out).toMatch(/^ {2}generate .*writes a typed client/m);
});

test.each([
  [['generate'], "required option '--service <name>' not specified"],
  [['destroy'], "unknown command 'destroy'"],
  [['generate', '--service', 'a', '--fromat', 'x'], 'Did you mean --format?'],
  [['generate', '--service', 'a', 'files'], 'too many arguments'],
  [
    ['generate', '--service', 'a', '--format', 'xml'],
    'Allowed choices are typescript, python, asyncapi.',
  ],
  [['generate', '--service', 'a', '--url', 'nonsense'], 'url'],
])('called wrongly: %j', async (args, told) => {
  const answer = await command(...args);
  expect(answer).toMatchObject({ code: 2, out: '' });
  expect(answer.err).toContain(told);
  expect(answer.err).toMatch(/^nestjs-redis-streams: .*\n\(--help says more\)\n$/s);
});

test('of several versions the newest is taken, and the others are named', async () => {
  const said = { out: '', err: '' };
  const terminal = {
    env: {},
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
  };
  const schema = { name: 'x', version: '2.0.0', hash: '', methods: {}, $defs: {} };
  const args = ['generate', '--service', 'x', '--shards', '1'];
  const code = await runCommand(args, terminal, async () => ({
    schema,
    others: ['1.0.0'],
  }));
  expect(code).toBe(0);
  expect(said.err).toContain('taking 2.0.0; also served: 1.0.0');
  expect(said.out).toContain('export interface XClient');
});

test('a port that none can be is refused before anything is served', async () => {
  const answer = await command('dashboard', '--port', '80000');
  expect(answer).toMatchObject({ code: 2, out: '' });
  expect(answer.err).toContain('It is a number from 0 to 65535.');
});
