import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

// X5: a stream that is taken over is reported, unless its handler says that it may begin anew.

/** Streams two values, then as many as the delivery says, and waits in between on its first delivery. */
async function* slowly(_: unknown, context: { getDeliveryCount(): number; signal: AbortSignal }) {
  yield 1;
  yield 2;
  if (context.getDeliveryCount() === 1) {
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
  }
  yield 3;
}

/** Calls, and takes the instance for dead after two values; another one serves from then on. */
async function takenOver(restartable: boolean) {
  const service = new TestService();
  const options = { leaseTtl: 1000 };
  const handlers = { messages: { slowly: [slowly, { restartable }] as never } };
  await service.serve(handlers, options);
  const client = await service.connected();
  const values: unknown[] = [];
  const ended = new Promise<unknown>((resolve) => {
    client.send('slowly', {}).subscribe({
      next: (value) => values.push(value),
      error: resolve,
      complete: () => resolve('complete'),
    });
  });
  await eventually(() => expect(values).toEqual([1, 2]));
  const [consumer] = await service.consumers('slowly');
  await service.serve(handlers, options);
  await service.redis.set(service.keys.lease(consumer!), '+');
  return { values, end: await ended };
}

describe('X5 a streamed reply whose instance is taken for dead', () => {
  it('ends INTERRUPTED, not with values of another run', async () => {
    const { values, end } = await takenOver(false);
    expect(end).toMatchObject({ code: 'INTERRUPTED', outcome: 'may-have-run' });
    expect(values).toEqual([1, 2]);
  });

  it('begins anew where the handler is restartable', async () => {
    const { values, end } = await takenOver(true);
    expect(end).toBe('complete');
    expect(values).toEqual([1, 2, 1, 2, 3]);
  });
});
