import type { RedisStreamsContext, RedisStreamsServerOptions } from 'nestjs-redis-streams';
import {
  concat,
  finalize,
  firstValueFrom,
  interval,
  map,
  NEVER,
  type Observable,
  of,
  toArray,
} from 'rxjs';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { services } from '../../support/intercepted-service.js';
import type { TestService as AnyService } from '../../support/test-service.js';

// A caller that was told that its call is over has no reason to cancel it: the service stops by itself.

/** Serves `work`, which streams what it is given; notes its signal and its end. */
async function streaming(
  service: AnyService,
  values: () => Observable<unknown>,
  options: RedisStreamsServerOptions = {},
) {
  const ends: string[] = [];
  const work = (_: unknown, { signal }: RedisStreamsContext) => {
    signal.addEventListener('abort', () => ends.push('aborted'));
    return values().pipe(finalize(() => ends.push('left')));
  };
  await service.serve({ messages: { work, next: () => 'next' } }, { concurrency: 1, ...options });
  return ends;
}

/** The handler was told and left, its entry is settled, and its slot is free. */
async function isStopped(service: AnyService, ends: string[]): Promise<void> {
  await eventually(() => expect(ends.toSorted()).toEqual(['aborted', 'left']));
  await eventually(async () => expect(await service.length('work')).toBe(0));
  expect(await (await service.connected()).call('next')).toBe('next');
}

describe.each(services)(
  'a caller that is told that its call is over, %s,',
  (_where, TestService) => {
    it('because its reply log is full: REPLY_LOST, and its handler stops', async () => {
      const service = new TestService();
      const pad = 'x'.repeat(70_000);
      const ends = await streaming(service, () => interval(5).pipe(map((n) => `${n} ${pad}`)));
      const client = await service.connected();
      expect(await client.call('next')).toBe('next');
      // A log of 64 MiB, as of a caller that reads nothing.
      await service.redis.xadd(
        service.keys.log(client.callerId),
        '*',
        'junk',
        'x'.repeat(70_000_000),
      );
      const lost = firstValueFrom(client.send('work', {}).pipe(toArray()));
      await expect(lost).rejects.toMatchObject({ code: 'REPLY_LOST', outcome: 'may-have-run' });
      await isStopped(service, ends);
    });

    it('because a value in the middle is too large: its handler stops', async () => {
      const service = new TestService();
      const values = () => concat(of('small', 'x'.repeat(5000)), NEVER);
      const ends = await streaming(service, values, { maxReplyBytes: 1024 });
      const client = await service.connected();
      expect(await client.values('work').catch((error: unknown) => error)).toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
      });
      await isStopped(service, ends);
    });

    it('because a value in the middle cannot be written: its handler stops', async () => {
      const service = new TestService();
      const ends = await streaming(service, () => concat(of('small', 1n), NEVER));
      const client = await service.connected();
      expect(await client.values('work').catch((error: unknown) => error)).toMatchObject({
        code: 'INVALID_MESSAGE',
        outcome: 'may-have-run',
      });
      await isStopped(service, ends);
    });

    it('because the serializer fails on a value in the middle: its handler stops', async () => {
      const service = new TestService();
      const serialize = async (packet: { response?: unknown }) => {
        if (packet.response === 'bad') throw new Error('not this one');
        return packet;
      };
      const values = () => concat(of('small', 'bad'), NEVER);
      const ends = await streaming(service, values, { serializer: { serialize } });
      const client = await service.connected();
      expect(await client.values('work').catch((error: unknown) => error)).toMatchObject({
        code: 'INVALID_MESSAGE',
      });
      await isStopped(service, ends);
    });

    it('because the serializer does not keep up: its handler stops', async () => {
      const service = new TestService();
      const never = { serialize: () => new Promise<never>(() => {}) };
      const endless = () => interval(0).pipe(map(() => 'value'));
      const many = () => concat(of(...Array.from({ length: 10_001 }, (_, i) => i)), endless());
      const ends = await streaming(service, many, { serializer: never });
      const client = await service.connected();
      expect(await client.values('work').catch((error: unknown) => error)).toMatchObject({
        code: 'REPLY_LOST',
        outcome: 'may-have-run',
      });
      await eventually(() => expect(ends.toSorted()).toEqual(['aborted', 'left']));
      await eventually(async () => expect(await service.length('work')).toBe(0));
    });

    it('by a hook that throws while the handler runs: its handler is told', async () => {
      const service = new TestService();
      let signal: AbortSignal | undefined;
      const begun = new Gate();
      const work = (_: unknown, context: RedisStreamsContext) => {
        ({ signal } = context);
        begun.open();
        return new Promise(() => {});
      };
      const server = await service.serve({ messages: { work } }, { drainTimeout: 50 });
      const broken = async (done: () => Promise<unknown>): Promise<never> => {
        void done();
        await begun.opened;
        throw new Error('a broken hook');
      };
      server.setOnProcessingStartHook((_transport, _context, done) => broken(done) as never);
      const client = await service.connected();
      expect(await client.failure('work')).toMatchObject({ status: 'error' });
      await eventually(() => expect(signal?.aborted).toBe(true));
    });
  },
);
