import { Logger, ConsoleLogger } from '@nestjs/common';
import { join } from 'node:path';
import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { filesUnder, read as readSource, SOURCES } from '../architecture/source-tree.js';
import { TestService } from '../support/test-service.js';
import { read } from './documents.js';

/** Where the log is written: by a limited logger with a kind, or by Nest's with a code. */
const LIMITED = /\b(?:logger|quiet)\.(?:log|warn|error)\(\s*(?:(['`])(\S+?)[ '`$]|(\w+))/g;
const PLAIN = /\bcode: '([A-Z_]+)' \}/g;
const COMPLAINTS = /\bcomplain\(\s*'([A-Z_]+)'|const kind = `([A-Z_]+) /g;

const sources = filesUnder(SOURCES)
  .filter((file) => !file.startsWith('cli/') && !file.endsWith('rate-limited-logger.ts'))
  .map((file) => ({ file, text: readSource(join(SOURCES, file)) }));

/** Codes of all lines, and lines that have none. */
function codes(): { found: Set<string>; bare: string[] } {
  const found = new Set<string>();
  const bare: string[] = [];
  for (const { file, text } of sources) {
    for (const [, , literal, name] of text.matchAll(LIMITED)) {
      // A name stands for a kind that another line of the file makes, or for a text with a code beside it.
      if (name !== undefined) continue;
      if (literal !== undefined && /^[A-Z][A-Z_]+$/.test(literal)) found.add(literal);
      else bare.push(`${file}: ${literal}`);
    }
    for (const [, code] of text.matchAll(PLAIN)) found.add(code as string);
    for (const [, one, other] of text.matchAll(COMPLAINTS)) found.add((one ?? other) as string);
  }
  return { found, bare };
}

it('every line of the log has a code, and the page lists each', () => {
  const { found, bare } = codes();
  expect(bare).toEqual([]);
  const listed = [...read('docs/logs.md').matchAll(/^\| `([A-Z_]+)` /gm)].map(([, code]) => code);
  expect(listed.toSorted()).toEqual([...found].toSorted());
});

it("with Nest's JSON logger, lines about a call have fields for its code, its ids and what it belongs to", async () => {
  const written: string[] = [];
  const logger = new ConsoleLogger({ json: true });
  for (const out of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[out], 'write').mockImplementation((text) => written.push(String(text)) > 0);
  }
  onTestFinished(() => {
    vi.restoreAllMocks();
    Logger.overrideLogger(false);
  });
  const service = new TestService();
  Logger.overrideLogger(logger);
  const fail = (_: unknown, context: RedisStreamsContext) => {
    if (context.getFailedAttempts() === 0) throw new Error('down');
    return context.getCallId();
  };
  const retry = { attempts: 2, delay: 10, maxDelay: 10 };
  await service.serve({ messages: { work: [fail, { retry }] } });
  const client = await service.connected();
  const trace = 'a'.repeat(32);
  const traceparent = `00-${trace}-${'b'.repeat(16)}-01`;
  const ids = [
    await client.call('work', {}, { headers: { 'x-correlation-id': 'order 7\n', traceparent } }),
  ];
  const lines = () =>
    written.map((text) => JSON.parse(text) as { level: string; message: string; params?: object });
  await eventually(() => expect(lines().some(({ level }) => level === 'warn')).toBe(true));
  expect(lines().find(({ level }) => level === 'warn')).toMatchObject({
    context: 'ServerRedisStreams',
    message: expect.stringContaining('attempt 1 of 2 failed'),
    params: {
      code: 'HANDLER_FAILED',
      pattern: 'work',
      entry: expect.stringMatching(/^\d+-\d+/),
      callId: ids[0],
      correlationId: String.raw`order 7\u000a`,
    },
  });
  for (const line of lines()) expect(line.params).toMatchObject({ code: expect.any(String) });
});
