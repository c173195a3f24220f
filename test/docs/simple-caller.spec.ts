import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Controller } from '@nestjs/common';
import { MessagePattern, RpcException } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { uniquePrefix } from '../support/place.js';
import { TestService } from '../support/test-service.js';
import { codeBlocks, read, ROOT } from './documents.js';
import { connect } from './raw.js';

type Call = (redis: Redis, pattern: string, data: unknown, timeout?: number) => Promise<unknown>;

/** The caller that the protocol shows, under keys of the test's own. */
async function simpleCaller(prefix: string): Promise<Call> {
  const [block] = codeBlocks(read('docs/protocol.md'), 'js');
  const folder = join(ROOT, '.cache', `simple-caller-${randomUUID()}`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'simple-caller.mjs');
  writeFileSync(file, block!.replaceAll('{nrs}', `{${prefix}}`));
  const { call } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { call: Call };
  return call;
}

@Controller()
class SumController {
  @MessagePattern('sum')
  sum(numbers: number[]): number {
    if (numbers.length === 0) throw new RpcException('nothing to add');
    return numbers.reduce((total, each) => total + each, 0);
  }
}

test('the simple caller of the protocol gets replies and errors from the log alone', async () => {
  const service = new TestService();
  await service.serveModule({ controllers: [SumController] });
  const { prefix } = service;
  const call = await simpleCaller(prefix);
  const redis = connect(prefix);
  expect(await call(redis, 'sum', [1, 2, 3])).toBe(6);
  await expect(call(redis, 'sum', [])).rejects.toEqual({
    status: 'error',
    message: 'nothing to add',
  });
});

test('the simple caller waits no longer than its timeout', async () => {
  const prefix = uniquePrefix();
  const call = await simpleCaller(prefix);
  await expect(call(connect(prefix), 'unserved', 1, 50)).rejects.toThrow('no reply in time');
});
