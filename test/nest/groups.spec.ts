import { Controller, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { type HandlerExtras, type RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { listening, TestService } from '../support/test-service.js';

const heard: string[] = [];
beforeEach(() => heard.splice(0));

/** A controller with three handlers of one event, in two groups, and a message handler in a third. */
function controller(name: string): Type {
  @Controller()
  class Orders {
    @EventPattern<string>('placed')
    own(id: string): void {
      heard.push(`${name} own ${id}`);
    }

    @EventPattern<string>('placed', { group: 'mails' } satisfies HandlerExtras)
    mail(id: string): void {
      heard.push(`${name} mails ${id}`);
    }

    /** As on Nest's NATS transport. */
    @EventPattern<string>('placed', { queue: 'mails' })
    mailToo(id: string): void {
      heard.push(`${name} mails too ${id}`);
    }

    @MessagePattern('price', { group: 'prices', prefetchCount: 1 })
    price(): string {
      return name;
    }

    @MessagePattern('plain')
    plain(): string {
      return name;
    }
  }
  return Orders;
}

const withoutName = (line: string): string => line.replace(/^\S+ /, '');

describe('handlers in groups of their own', () => {
  it('get their own copy of each event, shared with the same group of other servers', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [controller('a')] });
    await service.serveModule({ controllers: [controller('b')] });
    const client = await service.connected();
    const ids: string[] = [];
    // Until each instance has run some in each group.
    await eventually(async () => {
      const more = Array.from({ length: 10 }, (_, n) => String(ids.length + n));
      ids.push(...more);
      const stored = await client.emitMany('placed', more);
      expect(stored.every(({ status }) => status === 'fulfilled')).toBe(true);
      for (const start of ['a own', 'b own', 'a mails', 'b mails']) {
        expect(heard.some((line) => line.startsWith(start))).toBe(true);
      }
    });
    const wanted = ids.flatMap((id) => [`own ${id}`, `mails ${id}`, `mails too ${id}`]);
    await eventually(() => expect(heard).toHaveLength(wanted.length));
    expect(heard.map(withoutName).toSorted()).toEqual(wanted.toSorted());
  });

  it('answer calls, and have their bound', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [controller('a')] });
    const client = await service.connected();
    expect(await firstValueFrom(client.send('price', {}))).toBe('a');
    expect(await firstValueFrom(client.send('plain', {}))).toBe('a');
  });

  it('are each a member of their group, with one connection more and one line at the start', async () => {
    const service = new TestService();
    const server = service.server({ messages: { plain: () => 1 } });
    const extras = { group: 'mails' };
    server.addHandler('placed', () => Promise.resolve(), true, extras);
    await listening(server);
    const alone = service.server({ messages: { alone: () => 1 } }, { group: 'alone' });
    await listening(alone);
    expect(server.unwrap<unknown[]>()).toHaveLength(alone.unwrap<unknown[]>().length + 1);
    const members = await service.keysLike(`*${service.prefix}*:members:*`);
    expect(members.map((key) => key.replace(/.*members:/, '')).toSorted()).toEqual([
      'alone',
      'mails',
      'service',
    ]);
    expect(server.health()).toMatchObject({ state: 'running', member: true, running: 0 });
    await server.close();
    expect(server.health()).toMatchObject({ state: 'idle', member: false });
    const left = await service.keysLike(`*${service.prefix}*:members:*`);
    expect(left.map((key) => key.replace(/.*members:/, ''))).toEqual(['alone']);
  });

  it('finish what runs when the server closes', async () => {
    const service = new TestService();
    let finish: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      const server = service.server({});
      server.addHandler(
        'slow',
        () => {
          resolve();
          return new Promise((done) => (finish = () => done('late')));
        },
        false,
        { group: 'slow' },
      );
      void listening(server).then(async () => {
        await begun;
        const closing = server.close();
        finish();
        await closing;
      });
    });
    const client = await service.connected();
    expect(await firstValueFrom(client.send('slow', {}))).toBe('late');
  });
});

describe('refused', () => {
  const start = async (
    extras: Record<string, unknown>[],
    options: RedisStreamsServerOptions = {},
  ): Promise<unknown> => {
    const server = new TestService().server({}, options);
    extras.forEach((one, n) => server.addHandler(`e${n}`, () => Promise.resolve(), true, one));
    return listening(server).then(
      () => 'listens',
      (error: unknown) => error,
    );
  };

  it.each([
    [{ group: 'a b' }, /option "group" must be a name without whitespace and braces/],
    [{ group: '' }, /option "group" must be/],
    [{ group: 'a', queue: 'a' }, /"group" and "queue" contradict each other: they are two names/],
    [{ group: 'a', broadcast: true }, /"group" and "broadcast" contradict each other/],
    [{ prefetchCount: 0 }, /option "concurrency" must be a whole number from 1/],
  ])('%j', async (extras, message) => {
    expect(await start([extras])).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message) as string,
    });
  });

  it('more than 64 groups', async () => {
    const extras = Array.from({ length: 64 }, (_, n) => ({ group: `g${n}` }));
    expect(await start(extras)).toMatchObject({
      code: 'INVALID_OPTION',
      message: 'the handlers of one server have 65 groups, and may have 64',
    });
  });
});
