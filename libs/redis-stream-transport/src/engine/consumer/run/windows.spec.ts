import { Windows } from './windows.js';
import type { Delivery } from './delivery.js';

const delivery = (ended: boolean): Delivery =>
  ({
    ...{ ended, nonce: 1, index: 0 },
    entry: { header: { window: { values: 1, characters: 1 }, caller: 'a' } },
  }) as unknown as Delivery;

it('keeps a run until it ends', () => {
  const windows = new Windows();
  const run = delivery(false);
  windows.begin(run);
  expect(windows.size).toBe(1);
  windows.end(run);
  expect(windows.size).toBe(0);
});

it('keeps nothing of a run that is over before it began: its restart had no room', () => {
  const windows = new Windows();
  windows.begin(delivery(true));
  expect(windows.size).toBe(0);
});
