import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Logger } from '@nestjs/common';
import type { ThreadOptions } from 'nestjs-redis-streams';
import { inject } from 'vitest';
import { stripTypes } from '../../tools/strip-types.js';
import { read, ROOT } from '../docs/documents.js';

/** What each example shows, by the name of its file. */
const SHOWN: Readonly<Record<string, unknown>> = {
  'request-reply': {
    total: 12,
    refused: { status: 'error', message: 'nothing to add' },
    unserved: 'NO_CONSUMER, not-run',
  },
  events: ['billing A1, failed attempts: 1', 'shipping A1'],
  sse: { events: ['data: 1', 'data: 2', 'data: 3'], end: 'the handler was torn down' },
  upload: { same: true, size: 2_097_152n, year: 2026 },
  payment: {
    receipts: Array.from({ length: 3 }, () => 'receipt 1 of A1: 995'),
    charges: 1,
    other: 'IDEMPOTENCY_MISMATCH',
  },
  priority: {
    first: 'january, low',
    highPassesNormal: true,
    normalPassesLow: true,
    inItsOrder: true,
  },
  saga: {
    rich: 'placed',
    poor: 'refused: card declined',
    log: ['reserved rich', 'charged rich', 'reserved poor', 'released poor'],
  },
  outbox: { sent: [1, 1, 1], mails: ['mail about A1: 995', 'mail about A2: 500'], left: 0 },
  contracts: {
    booked: '2 for ada@example.org',
    invalid: ['booking.email'],
    soldOut: '5 seats are not left',
    shows: ['2026-06-01', '2026-06-02'],
  },
  testing: { unit: 'rain in Bergen', withDouble: false, overBroker: true, overRedis: true },
  threads: { below: 17_984, answered: ['ping', 'primes'], given: 'CANCELLED', again: 25 },
  prpc: {
    sum: { result: 5, exception_info: null, inOrder: true, kept: true },
    again: { result: 5, exception_info: null, inOrder: true, kept: true },
    named: {
      result: 'Hi Ada, have a good evening',
      exception_info: null,
      inOrder: true,
      kept: true,
    },
    failed: { result: null, exception_info: 'whom?', inOrder: true, kept: true },
    unknown: {
      result: null,
      exception_info: 'There is no matching message handler defined in the remote service.',
      inOrder: true,
      kept: true,
    },
    sums: 1,
    refused: 1,
    pending: 0,
  },
  'plain-node': { greeting: 'hello Ada', event: 'greeted Ada' },
};

const THREADS = 'examples/threads';
const PRIMES = pathToFileURL(join(stripTypes([THREADS]), THREADS, 'primes.js'));

const files = readdirSync(join(ROOT, 'examples'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));

test('each example is tested here, and has a paragraph in the README of the folder', () => {
  expect(Object.keys(SHOWN).toSorted()).toEqual(files.toSorted());
  const told = [...read('examples/README.md').matchAll(/^## \[.*\]\(([\w-]+)\.ts\)$/gm)];
  expect(told.map(([, name]) => name)).toEqual(Object.keys(SHOWN));
});

test.each(Object.keys(SHOWN))('the example %s shows what it says', async (name) => {
  const example = (await import(`../../examples/${name}.ts`)) as {
    run(url: string, threads: ThreadOptions, module: URL): Promise<unknown>;
  };
  // Nothing is compiled here but what a thread loads.
  const threads = { execArgv: ['--import', 'tsx'] };
  expect(await example.run(inject('redisUrl'), threads, PRIMES)).toEqual(SHOWN[name]);
  Logger.overrideLogger(false);
});
