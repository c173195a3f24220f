import { onTestFinished } from 'vitest';
import { Forked } from '../../../tools/forked.js';
import { builtLibrary, program } from '../../support/built-library.js';
import { TestService } from '../../support/test-service.js';

const MIB = 1024 * 1024;

interface Report {
  readonly kind: string;
  /** Bytes by which the heap has grown, and by which the process has. */
  readonly grown?: number;
  readonly resident?: number;
  readonly values?: number;
}
const is =
  (kind: string) =>
  (message: unknown): message is Report =>
    (message as Report).kind === kind;

// Each value has a hundred characters and more: the shorter stream is 25 MB, the longer one 120 MB.
test.each([
  ['a slow reader of 200,000', 200_000, true],
  ['a fast reader of 1,000,000', 1_000_000, false],
])(
  '%s values takes no more memory at either end than the window',
  async (_reader, count, isSlow) => {
    const service = new TestService();
    const start = (role: 'service' | 'reader') => {
      const options = {
        ...service.address,
        ...(role === 'service' ? { group: 'service' } : { timeout: 240_000 }),
      };
      const given = { library: builtLibrary(), role, options, count, isSlow };
      const one = new Forked({
        name: role,
        program: program('streaming'),
        args: [JSON.stringify(given)],
        execArgv: ['--expose-gc'],
      });
      onTestFinished(async () => void (await one.kill()));
      return one;
    };
    const serving = start('service');
    await serving.message(is('up'), 60_000);
    const reading = start('reader');
    const read = await reading.message(is('over'), 240_000);
    expect(read.values).toBe(count);
    serving.tell({});
    const served = await serving.message(is('over'), 60_000);
    // A window that grew as far as it can, at most, is what the reader has not taken; and what was asked for meanwhile.
    expect(served.values! - count).toBeLessThan(5000);
    for (const { grown, resident } of [read, served]) {
      expect(grown).toBeLessThan(16 * MIB);
      expect(resident).toBeLessThan(64 * MIB);
    }
  },
  300_000,
);
