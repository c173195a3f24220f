// Contracts across languages: a client in Python of a Nest service, and a Nest client of a Python service.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Discovery } from '../../libs/redis-stream-transport/src/contracts/index.js';
import { pythonSource } from '../../libs/redis-stream-transport/src/contracts/generate/python-source.js';
import { command } from '../contracts/command.js';
import { FilesController } from '../contracts/files.controller.js';
import { folder } from '../contracts/generated-module.js';
import { serve } from '../contracts/support.js';
import { redisUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';
import { eventually } from '../../tools/wait.js';
import { HOW_TO_GET, pythonAt } from '../../tools/python.js';
import { python, startPython } from './python.js';

const at = pythonAt();
if (at === undefined) console.log(HOW_TO_GET);

const CALLS = `
import asyncio, sys
from redis_streams_rpc import Caller
from files_client import FilesClient

async def main() -> None:
    async with Caller(sys.argv[1], prefix=sys.argv[2]) as caller:
        files = FilesClient(caller, timeout=10)
        assert await files.join("-", "a", "b") == "a-b"

asyncio.run(main())
`;

test.skipIf(at === undefined)(
  'a client in Python is generated from a running Nest service, is typed, and calls it',
  { timeout: 120_000 },
  async () => {
    const { prefix } = await serve({ controllers: [FilesController] });
    const place = folder();
    const out = join(place, 'files_client.py');
    const args = ['generate', '--service', 'media.files', '--prefix', prefix];
    await eventually(async () =>
      expect(await command(...args, '--language', 'python', '--out', out)).toEqual({
        code: 0,
        out: '',
        err: '',
      }),
    );
    expect(await python(at!, ['mypy', '--strict', '--cache-dir=/dev/null', out])).toBe('');
    writeFileSync(join(place, 'calls.py'), CALLS);
    expect(await python(at!, ['calls', redisUrl, prefix], {}, place)).toBe('');
  },
);

test.skipIf(at === undefined)(
  'a service in Python publishes a contract, which clients are generated from and Nest calls',
  { timeout: 120_000 },
  async () => {
    const service = new TestService();
    const { prefix } = service;
    const program = 'tests/programs/contract.py';
    const started = startPython(at!, [program, redisUrl, prefix]);
    onTestFinished(() => void started.kill());
    const generate = ['generate', '--service', 'spans', '--prefix', prefix];
    let source = '';
    await eventually(async () => {
      const said = await command(...generate);
      expect(said).toMatchObject({ code: 0, err: '' });
      source = said.out;
    }, 60_000);
    expect(source).toContain('When a span ends.');
    expect(source).toContain('end(span: Span, more?: number): Promise<Date>;');
    expect(source).toContain('days(span: Span): StreamedReply<Date>;');

    const discovery = new Discovery(service.client());
    const spans = await discovery.service('spans');
    const span = { begin: new Date('2026-01-31T12:00:00.000Z'), days: 2 };
    expect(await spans['end']!(span, 1)).toEqual(new Date('2026-02-03T12:00:00.000Z'));
    expect(await discovery.info('spans')).toMatchObject({ version: '1.2.0' });
    await eventually(async () => {
      const { methods } = await discovery.stats('spans');
      expect(methods).toMatchObject({ end: { calls: 1, errors: 0, inFlight: 0 } });
    });
  },
);

test.skipIf(at === undefined)(
  'what stands in a schema does not become code',
  { timeout: 120_000 },
  async () => {
    const hostile = '"""); import os\n\u2028x class';
    const schema = { type: 'object', properties: { [hostile]: { enum: [hostile, 1, null] } } };
    const source = pythonSource({
      ...{ name: hostile, version: hostile, doc: hostile, hash: '', $defs: { [hostile]: schema } },
      methods: {
        [hostile]: {
          ...{
            kind: 'command',
            pattern: hostile,
            doc: hostile,
            returns: { $ref: `#/$defs/${hostile}` },
          },
          parameters: [
            { name: 'class', schema: {} },
            { name: hostile, schema: {}, optional: true },
          ],
        },
      },
    });
    const out = join(folder(), 'hostile.py');
    writeFileSync(out, source);
    expect(await python(at!, ['mypy', '--strict', '--cache-dir=/dev/null', out])).toBe('');
    expect(readFileSync(out, 'utf8')).not.toMatch(/^\s*import os/m);
  },
);
