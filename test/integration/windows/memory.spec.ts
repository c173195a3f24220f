import { onTestFinished } from 'vitest';
import { Forked } from '../../../tools/forked.js';
import { builtLibrary, program } from '../../support/built-library.js';
import { TestService } from '../../support/test-service.js';

const COUNT = 200_000;
/** Bytes that the heap of either side may grow by. The values are 25 MB, and more in memory. */
const MOST = 16 * 1024 * 1024;

interface Report {
  readonly kind: string;
  readonly grown?: number;
  readonly values?: number;
}
const is =
  (kind: string) =>
  (message: unknown): message is Report =>
    (message as Report).kind === kind;

test('a slow reader of 200,000 values takes no more memory at either end than the window', async () => {
  const service = new TestService();
  const start = (role: 'service' | 'reader') => {
    const options = {
      ...service.address,
      ...(role === 'service' ? { group: 'service' } : { timeout: 120_000 }),
    };
    const args = [JSON.stringify({ library: builtLibrary(), role, options, count: COUNT })];
    const one = new Forked({
      name: role,
      program: program('streaming'),
      args,
      execArgv: ['--expose-gc'],
    });
    onTestFinished(async () => void (await one.kill()));
    return one;
  };
  const serving = start('service');
  await serving.message(is('up'), 60_000);
  const reading = start('reader');
  const read = await reading.message(is('over'), 120_000);
  expect(read.values).toBe(COUNT);
  expect(read.grown).toBeLessThan(MOST);
  serving.tell({});
  const served = await serving.message(is('over'), 60_000);
  // A window that grew as far as it can, at most, is what the reader has not taken; and what was asked for meanwhile.
  expect(served.values! - COUNT).toBeLessThan(5000);
  expect(served.grown).toBeLessThan(MOST);
}, 180_000);
