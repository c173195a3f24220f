import { Arena } from '../../support/arena.js';

describe('a consumer that leaves', () => {
  it('is listed no longer than it lives, although nobody called it and nobody else looks', async () => {
    const arena = new Arena();
    const server = await arena.serve({ messages: { work: () => 1 } });
    expect(await arena.consumers('work')).toHaveLength(1);
    await server.close();
    expect(await arena.consumers('work')).toEqual([]);
  });

  it('stays listed where something is pending under it, so that it is taken over', async () => {
    const arena = new Arena();
    let started = (): void => {};
    const running = new Promise<void>((resolve) => (started = resolve));
    const endless = () => {
      started();
      return new Promise<never>(() => {});
    };
    const server = await arena.serve({ messages: { work: endless } }, { drainTimeout: 50 });
    const client = await arena.connected();
    const call = client.call('work');
    await running;
    await server.close();
    expect(await arena.consumers('work')).toHaveLength(1);
    await arena.serve({ messages: { work: () => 'taken over' } });
    expect(await call).toBe('taken over');
  });
});
