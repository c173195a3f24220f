import { Gate } from '../../support/gate.js';
import { services } from '../../support/intercepted-service.js';
import { range } from '../../support/tally.js';

const options = { idempotencyKey: 'order-7' };

describe.each(services)('L22: calls with the same idempotency key, %s,', (_where, TestService) => {
  it('run once: those that come meanwhile wait, and later ones get the result', async () => {
    const service = new TestService();
    const gate = new Gate();
    let runs = 0;
    const work = async () => {
      runs++;
      await gate.opened;
      return { run: runs };
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const calls = range(5).map(() => client.call('work', 1, options));
    gate.open();
    expect(await Promise.all(calls)).toEqual(range(5).map(() => ({ run: 1 })));
    expect(await client.call('work', 1, options)).toEqual({ run: 1 });
    expect(await client.failure('work', 2, options)).toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
      outcome: 'not-run',
    });
    expect(runs).toBe(1);
  });

  it('run again when the first had no result but a fault of the transport', async () => {
    const service = new TestService();
    let runs = 0;
    const work = () => (++runs === 1 ? 'x'.repeat(5000) : 'short');
    await service.serve({ messages: { work } }, { maxReplyBytes: 1024 });
    const client = await service.connected();
    const failure = await client.failure('work', 1, options);
    expect(failure).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', outcome: 'may-have-run' });
    expect(await client.call('work', 1, options)).toBe('short');
    expect(runs).toBe(2);
  });
});
