import { Forked } from '../../../tools/forked.js';
import { builtLibrary, program } from '../../support/built-library.js';
import { deadUrl } from '../../support/redis.js';

const isWaiting = (message: unknown): message is 'waiting' => message === 'waiting';

describe('SIGTERM while a process waits for Redis', () => {
  let library = '';
  // All files of the library, which takes a while on a busy machine.
  beforeAll(() => void (library = builtLibrary()), 120_000);

  it.each([
    ['a service with shutdown hooks', 'hooks'],
    ['a service without', 'no hooks'],
    ['a service that closes by hand', 'by hand'],
    ['a service that closes by hand, once', 'once'],
    ['a service whose own handler was taken away meanwhile', 'taken away'],
    ['a client that connects in onModuleInit', 'client'],
  ])('%s ends with the code of the signal, and without a word', async (_, mode) => {
    const child = new Forked({
      name: mode,
      program: program('waiting'),
      args: [JSON.stringify({ library, url: deadUrl, mode })],
    });
    onTestFinished(async () => void (await child.kill()));
    await child.message(isWaiting, 30_000);
    const end = await child.terminate();
    // Its output may come after its exit.
    await child.closed;
    expect(child.said).toBe('');
    const byHand = mode === 'by hand' || mode === 'once';
    expect(end).toBe(byHand ? 143 : 'SIGTERM');
  });
});
