import { eventually } from '../../tools/wait.js';
import { EITHER_BROKER } from '../support/either-broker.js';

test.each(EITHER_BROKER)(
  'M5 late replies over %s: typed errors, dropped and counted, nothing is left',
  async (_name, make) => {
    const service = make();
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let started = 0;
    const slow = () => {
      started++;
      return answered.then(() => 'late');
    };
    await service.serve({ messages: { slow, soon: () => 1 } });
    const client = await service.connected();
    const late: string[] = [];
    client.on('reply.late', ({ instance }) => late.push(instance));
    const errors = await Promise.all(
      Array.from({ length: 20 }, () => client.failure('slow', {}, { timeout: 1000 })),
    );
    for (const error of errors) expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(JSON.parse(JSON.stringify(client))).toMatchObject({ pending: 0 });
    expect(started).toBeGreaterThan(0);
    answer();
    await eventually(() => expect(late).toHaveLength(started));
    expect(await client.call('soon')).toBe(1);
    expect(JSON.parse(JSON.stringify(client))).toMatchObject({ pending: 0 });
  },
);
