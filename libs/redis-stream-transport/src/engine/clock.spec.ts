import { FakeClock } from '../../../../test/support/fake-clock.js';
import { pause } from './clock.js';

it('a pause ends when its milliseconds have passed, and not before', async () => {
  const clock = new FakeClock();
  let over = false;
  const paused = pause(clock, 100).then(() => (over = true));
  clock.pass(99);
  await Promise.resolve();
  expect(over).toBe(false);
  clock.pass(1);
  await paused;
  expect(over).toBe(true);
});
