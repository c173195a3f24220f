import { randomBytes } from 'node:crypto';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

/** Adds packs of sixteen calls, and waits until they have ended. */
async function packs(service: TestService, count: number): Promise<void> {
  const line = `1 pack.json 16 ${randomBytes(16).toString('base64url')} 60000`;
  const data = `[${range(16).join(',\n')}]`;
  for (const pack of range(count)) {
    const ids = range(16).map((i) => 1 + i + 16 * pack);
    const fields = ['c', line, 'm', ids.join(','), 'd', data];
    await service.redis.xadd(service.keys.stream('work'), '*', ...fields);
    await eventually(async () => expect(await service.length('work')).toBe(0));
  }
}

describe('P17: an instance of which long handlers leave one slot', () => {
  it.each([undefined, 64])(
    'goes on with what came as packs, one by one: bound of the long ones %s',
    async (concurrency) => {
      const service = new TestService();
      const gate = new Gate();
      // One of several instances waits for room for a pack: another might have it. This one serves something else.
      await service.serve({ messages: { other: () => 'other' } });
      let running = 0;
      const long = async () => {
        running++;
        await gate.opened;
        return 'over';
      };
      await service.serve(
        { messages: { work: (data: number) => data, long: [long, { concurrency }] } },
        { concurrency: 64 },
      );
      await packs(service, 4);
      const client = await service.connected();
      const held = range(63).map(() => client.call('long'));
      await eventually(() => expect(running).toBe(63));
      for (const i of range(5)) expect(await client.call('work', i)).toBe(i);
      gate.open();
      await Promise.all(held);
    },
  );
});
