import { TestService } from '../../support/test-service.js';

describe('a consumer that leaves', () => {
  it('is listed no longer than it lives, without a call and without another instance', async () => {
    const service = new TestService();
    const server = await service.serve({ messages: { work: () => 1 } });
    expect(await service.consumers('work')).toHaveLength(1);
    await server.close();
    expect(await service.consumers('work')).toEqual([]);
  });

  it('stays listed where something is pending under it, so that it is taken over', async () => {
    const service = new TestService();
    let started = (): void => {};
    const running = new Promise<void>((resolve) => (started = resolve));
    const endless = () => {
      started();
      return new Promise<never>(() => {});
    };
    const server = await service.serve({ messages: { work: endless } }, { drainTimeout: 50 });
    const client = await service.connected();
    const call = client.call('work');
    await running;
    await server.close();
    expect(await service.consumers('work')).toHaveLength(1);
    await service.serve({ messages: { work: () => 'taken over' } });
    expect(await call).toBe('taken over');
  });
});
