import { fork } from 'node:child_process';
import { once } from 'node:events';
import { builtLibrary, program } from '../../support/built-library.js';

/** Where nothing answers: the port of "discard". */
const url = 'redis://127.0.0.1:9';

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
    const file = program('waiting');
    const child = fork(file, [JSON.stringify({ library, url, mode })], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    await once(child, 'message');
    child.kill('SIGTERM');
    // Its output may come after its exit.
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect(said).toBe('');
    const byHand = mode === 'by hand' || mode === 'once';
    expect(signal ?? code).toBe(byHand ? 143 : 'SIGTERM');
  });
});
