import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { differs } from '../differences.js';
import { eventually } from '../../../tools/wait.js';
import { ContextController } from '../fixture/context.controller.js';
import { Journal } from '../fixture/journal.js';
import { completed, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [ContextController], providers: [Journal] })
class ContextModule {}

export function contextCases(transport: TransportUnderTest): void {
  describe('N4 M12 the context of a message', () => {
    let service: ComparedService;
    let client: ClientProxy;
    let journal: Journal;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      const app = await service.serve(ContextModule);
      journal = app.get(Journal);
      client = await service.connected();
    });
    afterAll(() => service.close());

    const contextClass = differs('contextClass', transport.name, {
      'nest-redis': 'RedisContext',
      'nest-tcp': 'TcpContext',
      'redis-streams': 'RedisStreamsContext',
    });
    test('N4.1 its class', async () => {
      expect(await outcomeOf(client.send('context.class', {}))).toEqual(completed(contextClass));
    });

    test('N4.2 its arguments', async () => {
      expect(await outcomeOf(client.send('context.args', {}))).toEqual(completed(true));
    });

    test('N4.3 its pattern is the text of the object', async () => {
      const outcome = await outcomeOf(client.send({ cmd: 'context.pattern' }, {}));
      expect(outcome).toEqual(completed('{"cmd":"context.pattern"}'));
    });

    test('M12.1 metadata of the dispatch hook reaches a request', async () => {
      const tracing = await service.connected();
      tracing.setOnDispatchHook((packet) => {
        packet.metadata = { 'x-request-id': `id of ${packet.pattern}` };
      });
      const outcome = await outcomeOf(tracing.send('context.metadata', {}));
      expect(outcome).toEqual(completed('id of context.metadata'));
    });

    test('M12.2 metadata of the dispatch hook reaches an event', async () => {
      const tracing = await service.connected();
      tracing.setOnDispatchHook((packet) => {
        packet.metadata = { 'x-request-id': 'é 7' };
      });
      tracing.emit('context.event', {});
      await eventually(() => expect(journal.lines).toEqual(['event é 7']));
    });

    test('M12.3 without a hook there is none', async () => {
      expect(await outcomeOf(client.send('context.metadata', {}))).toEqual(completed('none'));
    });

    test('M12.4 the hook sees the pattern and the data as the caller gave them', async () => {
      const seen: unknown[] = [];
      const watching = await service.connected();
      watching.setOnDispatchHook(({ pattern, data }) => seen.push([pattern, data]));
      await outcomeOf(watching.send({ cmd: 'context.pattern' }, { a: 1 }));
      expect(seen).toEqual([[{ cmd: 'context.pattern' }, { a: 1 }]]);
    });
  });
}
