import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

describe('a pattern that no instance serves', () => {
  it("is served later with whenNoConsumer 'wait', before any server ever started", async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const call = client.call('work', 1);
    await eventually(async () => expect(await service.length('work')).toBe(1));
    await service.serve({ messages: { work: (n: number) => n + 1 } });
    expect(await call).toBe(2);
  });

  it('is refused after a second by default: certainly not run, and nothing is stored', async () => {
    const service = new TestService();
    const client = await service.connected();
    const from = performance.now();
    const failure = await client.failure('work');
    const took = performance.now() - from;
    expect(failure).toMatchObject({ code: 'NO_CONSUMER', outcome: 'not-run', retryable: true });
    expect((failure as Error).message).toMatch(/no matching message handler/);
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(3000);
    expect(await service.length('work')).toBe(0);
  });

  it('is served when a server comes within the grace', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 10_000 });
    const call = client.call('work', 1);
    await service.serve({ messages: { work: (n: number) => n + 1 } });
    expect(await call).toBe(2);
  });

  it("is refused at once with 'fail', also when it was served before", async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'fail' });
    expect(await client.failure('work')).toMatchObject({ code: 'NO_CONSUMER', outcome: 'not-run' });
    const server = await service.serve({ messages: { work: () => 'here' } });
    expect(await client.call('work')).toBe('here');
    await server.close();
    expect(await client.failure('work')).toMatchObject({ code: 'NO_CONSUMER', outcome: 'not-run' });
    expect(await service.length('work')).toBe(0);
  });

  it('is waited for by default when it was served before', async () => {
    const service = new TestService();
    const client = await service.connected();
    const server = await service.serve({ messages: { work: () => 'before' } });
    expect(await client.call('work')).toBe('before');
    await server.close();
    const call = client.call('work');
    await eventually(async () => expect(await service.length('work')).toBe(1));
    await service.serve({ messages: { work: () => 'after' } });
    expect(await call).toBe('after');
  });

  it('is waited for although another service hears events of that name', async () => {
    const service = new TestService();
    const heard: number[] = [];
    const events = { work: (n: number) => void heard.push(n) };
    await service.serve({ events }, { group: 'listeners' });
    const client = await service.connected();
    const server = await service.serve({ messages: { work: () => 'before' } });
    expect(await client.call('work')).toBe('before');
    await server.close();
    const call = client.call('work');
    // The listener is given the call before the event.
    await eventually(async () => expect(await service.length('work')).toBeGreaterThan(0));
    await client.tell('work', 1);
    await eventually(() => expect(heard).toEqual([1]));
    await eventually(async () => expect(await service.pending('work', 'listeners')).toBe(0));
    await service.serve({ messages: { work: () => 'after' } });
    expect(await call).toBe('after');
  });

  it('takes events all the same', async () => {
    const service = new TestService();
    const client = await service.connected();
    await client.tell('happened', 1);
    const seen: number[] = [];
    await service.serve({ events: { happened: (n: number) => void seen.push(n) } });
    await eventually(() => expect(seen).toEqual([1]));
  });

  it('runs out of time before the grace is over: TIMEOUT, certainly not run', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 60_000 });
    // The call is sent every 100 ms. At 250 ms it waits here; on its way, as on a busy machine, it could only be said
    // that it may have run.
    await eventually(async () =>
      expect(await client.failure('work', {}, { timeout: 250 })).toMatchObject({
        code: 'TIMEOUT',
        outcome: 'not-run',
      }),
    );
    expect(await service.length('work')).toBe(0);
  });
});
