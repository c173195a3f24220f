import { eventually } from '../../../tools/wait.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { Instance } from '../../support/instance.js';
import { watched } from '../../support/watched.js';

const options = (service: TestService) => ({
  ...service.serverOptions,
  leaseTtl: 1500,
});

describe('an instance that stands still for longer than its lease', () => {
  it('is fenced: its signals fire, its results count no more, it goes on under a new name', async () => {
    const service = new TestService();
    const frozen = await Instance.start(options(service));
    const client = await service.connected();
    const heard: unknown[] = [];
    const call = client.call('work', { key: 'call', hold: true }).then((answer) => {
      heard.push(answer);
    });
    await eventually(() => expect(frozen.of('started')).toHaveLength(1));
    const before = frozen.of('started')[0]!.consumer;
    const heir = await service.serve({ messages: { work: () => 'heir' } }, options(service));
    frozen.freeze();
    await eventually(() => expect(heard).toEqual(['heir']));
    frozen.thaw();
    await eventually(() => expect(frozen.of('aborted')).toMatchObject([{ key: 'call' }]), 3000);
    expect(frozen.of('aborted')[0]!.reason).toMatch(/taken/);
    frozen.finish('call');
    await eventually(() => expect(frozen.of('finished')).toHaveLength(1));
    await heir.close();
    const answer = await client.call<{ consumer: string }>('work', { key: 'next' });
    expect(answer.consumer).not.toBe(before);
    await call;
    expect(heard).toEqual(['heir']);
    expect(await service.length('work')).toBe(0);
  });

  it('runs nothing while it may have been revoked, and everything once', async () => {
    const service = new TestService();
    const [one, two] = await Promise.all(range(2).map(() => Instance.start(options(service))));
    const client = await service.connected();
    const calls = range(40).map((key) => client.call<{ key: number }>('work', { key, ms: 20 }));
    one!.freeze();
    const answers = watched(Promise.all(calls));
    await eventually(() => expect(two!.of('finished').length).toBeGreaterThan(10));
    await answers;
    one!.thaw();
    expect((await answers).map(({ key }) => key)).toEqual(range(40));
    await eventually(async () => expect(await service.pending('work')).toBe(0));
    expect(await client.call('work', { key: 'alive' })).toMatchObject({ key: 'alive' });
  });
});
