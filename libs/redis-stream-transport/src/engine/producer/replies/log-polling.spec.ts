import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { LogPolling } from './log-polling.js';

/** A polling of a log, and when it was read (ms). */
function polling() {
  const clock = new FakeClock();
  const began = clock.now();
  const reads: number[] = [];
  const state = { wanted: true };
  const log = new LogPolling(clock, {
    isWanted: () => state.wanted,
    read: async () => void reads.push(clock.now() - began),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.pass(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { pass, reads, state, log };
}

it('reads every 150 ms while replies are not pushed, however often it is asked', async () => {
  const { pass, reads, log } = polling();
  for (let ms = 0; ms < 460; ms += 10) {
    log.later();
    await pass(10);
  }
  expect(reads).toEqual([150, 300, 450]);
});

it('reads no more when they are pushed again, or nobody waits', async () => {
  const { pass, reads, state, log } = polling();
  log.later();
  await pass(200);
  state.wanted = false;
  await pass(1000);
  expect(reads).toEqual([150]);
  log.later();
  await pass(1000);
  expect(reads).toEqual([150]);
});

it('reads no more after it was stopped', async () => {
  const { pass, reads, log } = polling();
  log.later();
  log.stop();
  await pass(1000);
  expect(reads).toEqual([]);
});
