import { getEventListeners } from 'node:events';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { RedisStreamsRecordBuilder, type RecordOptions } from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { away } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

@Controller()
class SignalController {
  @MessagePattern('signal.echo')
  echo(data: unknown): unknown {
    return data;
  }

  @MessagePattern('signal.never')
  never(): Promise<never> {
    return new Promise(() => undefined);
  }
}

const record = (options: RecordOptions) =>
  new RedisStreamsRecordBuilder(1).setOptions(options).build();

/** Warnings of the process, such as that of a leak of listeners. */
const warned = () => {
  const heard: string[] = [];
  const listen = (warning: Error): unknown => heard.push(warning.name);
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  return heard;
};
const turn = () => new Promise((next) => setImmediate(next));

describe('one signal for many calls', () => {
  test('has one listener, ends them all, and is left alone afterwards', async () => {
    const heard = warned();
    const service = new TestService();
    await service.serveModule({ controllers: [SignalController] }, { drainTimeout: 0 });
    const client = service.client();
    const controller = new AbortController();
    const { signal } = controller;
    const listeners = () => getEventListeners(signal, 'abort').length;

    const calls = Array.from({ length: 30 }, () =>
      firstValueFrom(client.send('signal.echo', record({ signal }))),
    );
    expect(listeners()).toBe(1);
    await Promise.all(calls);
    expect(listeners()).toBe(0);

    const given = Array.from({ length: 30 }, () =>
      client.send('signal.never', record({ signal })).subscribe(),
    );
    expect(listeners()).toBe(1);
    for (const subscription of given) subscription.unsubscribe();
    expect(listeners()).toBe(0);

    const ends = Array.from({ length: 30 }, () =>
      firstValueFrom(client.send('signal.never', record({ signal }))).catch(
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    await firstValueFrom(client.send('signal.echo', 1));
    controller.abort();
    expect(new Set(await Promise.all(ends))).toEqual(new Set(['CANCELLED']));
    expect(listeners()).toBe(0);
    await turn();
    expect(heard).toEqual([]);
  });

  test('events too, and those that are refused leave nothing', async () => {
    const heard = warned();
    const client = new TestService().client({ ...away, maxPending: 20 });
    const controller = new AbortController();
    const { signal } = controller;
    const events = Array.from({ length: 25 }, () =>
      lastValueFrom(client.emit('signal.event', record({ signal }))).catch(
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    const codes = await Promise.all(events);
    expect(codes.filter((code) => code === 'CANCELLED')).toHaveLength(20);
    expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(5);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await turn();
    expect(heard).toEqual([]);
  });

  test('a call that ends by its timeout lets go of it', async () => {
    const client = new TestService().client({ ...away, timeout: 40 });
    const { signal } = new AbortController();
    await expect(firstValueFrom(client.send('signal.echo', record({ signal })))).rejects.toThrow();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
