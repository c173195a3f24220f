import { expect, it } from 'vitest';
import type { Call } from '../engine/producer/call.js';
import { OpenCall } from './open-call.js';
import { ReplySink } from './reply-sink.js';

const ORIGIN = { headers: {}, instance: 'i', deliveryCount: 1 };

it('cancels a call until its last reply has come, and knows nothing of it after that', () => {
  const call = { id: 'c' } as Call;
  const cancelled: Call[] = [];
  const open = new OpenCall({ cancel: (one) => void cancelled.push(one) }, call);
  const sink = new ReplySink('p', () => undefined, undefined);
  sink.open = open;
  sink.value(1, false, ORIGIN);
  open.cancel();
  expect(cancelled).toEqual([call]);
  sink.value(2, true, ORIGIN);
  open.cancel();
  expect(cancelled).toEqual([call]);
  expect(Object.values(open)).not.toContain(call);
});

it.each<[string, (sink: ReplySink) => void]>([
  ['an error', (sink) => sink.error(new Error('no'))],
  ['an end without a value', (sink) => sink.done()],
])('is over with %s', (_, end) => {
  const cancelled: Call[] = [];
  const sink = new ReplySink('p', () => undefined, undefined);
  const open = (sink.open = new OpenCall({ cancel: (one) => void cancelled.push(one) }, {
    id: 'c',
  } as Call));
  end(sink);
  open.cancel();
  expect(cancelled).toEqual([]);
});
