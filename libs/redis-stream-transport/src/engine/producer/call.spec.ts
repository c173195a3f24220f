import { FakeClock } from '../../../../../test/support/fake-clock.js';
import { Call } from './call.js';
import type { CallRequest } from './call-request.js';

const request = { pattern: 'p', stream: 'p', data: '1', timeout: 1000, idle: 0 } as CallRequest;

it('a call is counted once, until it is over', () => {
  const owner = { callerId: 'c', clock: new FakeClock() } as never;
  const call = new Call('1', request, {} as never, owner);
  const open = { count: 1 };
  call.countIn(open);
  // A repeat of its batch.
  call.countIn(open);
  expect(open.count).toBe(2);
  call.over();
  call.over();
  expect(open.count).toBe(1);
  expect(call.abandoned).toBe(true);
});
