import { REPLY } from '../../../protocol/frame.js';
import { Recorded } from './recorded.js';

describe('what is recorded for an idempotency key', () => {
  test('is a list of all replies', () => {
    const recorded = new Recorded();
    recorded.add(REPLY.next, '1');
    recorded.add(REPLY.next, '"two"');
    recorded.add(REPLY.done, undefined);
    expect(recorded.text).toBe('[[0,1],[0,"two"],[2]]');
  });

  test('is nothing, and holds nothing, once it is longer than what can be stored', () => {
    const recorded = new Recorded();
    const payload = JSON.stringify('x'.repeat(1000));
    for (let n = 0; n < 1030; n++) recorded.add(REPLY.next, payload);
    expect(recorded.text).toHaveLength(1030 * 1007 - 1 + 2);
    for (let n = 0; n < 5000; n++) recorded.add(REPLY.next, payload);
    expect(recorded.text).toBeUndefined();
    expect(JSON.stringify(recorded).length).toBeLessThan(100);
    // Nor is a part of it what was replied.
    recorded.add(REPLY.next, '1');
    expect(recorded.text).toBeUndefined();
  });
});
