import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { of } from 'rxjs';
import { eventually } from '../../../tools/wait.js';
import { HooksController, story, StoryController } from '../fixture/hooks.controller.js';
import { Journal } from '../fixture/journal.js';
import { completed, failed, outcomeOf } from '../outcome.js';
import { ComparedService, serverOf, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [HooksController], providers: [Journal] })
class HooksModule {}

@Module({ controllers: [StoryController], providers: [Journal] })
class StoryModule {}

export function hooksCases(transport: TransportUnderTest): void {
  describe('M12 processing hooks', () => {
    let service: ComparedService;
    let client: ClientProxy;
    let journal: Journal;
    let contexts: unknown[];
    let mayProceed: Promise<unknown>;

    beforeEach(async () => {
      contexts = [];
      mayProceed = Promise.resolve();
      service = await ComparedService.open(transport);
      const app = await service.serve(HooksModule, (starting) => {
        const server = serverOf(starting);
        const around = async (done: () => Promise<unknown>): Promise<void> => {
          journal.note('start');
          await mayProceed;
          await done();
          journal.note('done');
        };
        // Typed void; what the hook returns is awaited all the same.
        server.setOnProcessingStartHook((transportId, context, done): unknown => {
          contexts.push(transportId === server.transportId, context);
          return around(done);
        });
        server.setOnProcessingEndHook((transportId, context) => {
          contexts.push(transportId === server.transportId, context);
          journal.note('end');
        });
        journal = starting.get(Journal);
      });
      expect(app.get(Journal)).toBe(journal);
      client = await service.connected();
    });
    afterEach(() => service.close());

    const settled = (...lines: string[]) =>
      eventually(() =>
        expect(journal.lines.toSorted()).toEqual([...lines, 'start', 'done', 'end'].toSorted()),
      );
    const before = (earlier: string, later: string): void => {
      expect(journal.lines.indexOf(earlier)).toBeLessThan(journal.lines.lastIndexOf(later));
    };

    test('M12.10 around a value, once each', async () => {
      expect(await outcomeOf(client.send('hooks.value', {}))).toEqual(completed('value'));
      await settled('handler');
      before('start', 'handler');
      before('handler', 'end');
    });

    test('M12.11 the end comes after the last value', async () => {
      expect(await outcomeOf(client.send('hooks.many', {}))).toEqual(completed(0, 1, 2));
      await settled('value 0', 'value 1', 'value 2');
      before('value 2', 'end');
    });

    test('M12.12 around an error', async () => {
      const outcome = await outcomeOf(client.send('hooks.error', {}));
      expect(outcome).toEqual(failed({ status: 'error', message: 'failed' }));
      await settled('handler');
      before('handler', 'end');
    });

    test('M12.13 around an event with two handlers, once for both', async () => {
      client.emit('hooks.event', {});
      await settled('handler', 'handler');
      before('start', 'handler');
      before('handler', 'end');
    });

    test('M12.14 both get the transport and the context of the message', async () => {
      await outcomeOf(client.send('hooks.value', {}));
      await settled('handler');
      expect(contexts).toEqual([true, contexts[1], true, contexts[1]]);
      expect(contexts[1]).toHaveProperty('getMetadata');
    });

    test('M12.15 nothing runs until the start hook says so', async () => {
      let proceed = (): void => {};
      mayProceed = new Promise<void>((resolve) => (proceed = resolve));
      const outcome = outcomeOf(client.send('hooks.value', {}));
      await eventually(() => expect(journal.lines).toEqual(['start']));
      proceed();
      expect(await outcome).toEqual(completed('value'));
      await settled('handler');
    });
  });

  describe('N8 preRequest hooks', () => {
    let service: ComparedService;
    let client: ClientProxy;
    let journal: Journal;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      const app = await service.serve(StoryModule, (starting) => {
        // Nest's own recipe: the pipeline is subscribed later, in the context that is entered here.
        starting.registerPreRequestHook((context, next) => {
          const data = context.switchToRpc().getData<string>();
          if (data === 'refuse') return of('answered by the hook');
          story.enterWith(data);
          return next();
        });
        starting.registerPreRequestHook((_context, next) => {
          story.enterWith(`${story.getStore()}, twice`);
          return next();
        });
      });
      journal = app.get(Journal);
      client = await service.connected();
    });
    afterAll(() => service.close());

    test('N8.40 they run in order, before guards, and what they open is seen behind', async () => {
      const outcome = await outcomeOf(client.send('hooks.story', 'once'));
      expect(outcome).toEqual(completed('once, twice'));
      expect(journal.lines).toEqual(['guard in once, twice']);
    });

    test('N8.41 one may answer by itself', async () => {
      const outcome = await outcomeOf(client.send('hooks.story', 'refuse'));
      expect(outcome).toEqual(completed('answered by the hook'));
    });

    test('N8.42 what one call opens no other call sees', async () => {
      const names = Array.from({ length: 20 }, (_, i) => `call ${i}`);
      const outcomes = await Promise.all(
        names.map((name) => outcomeOf(client.send('hooks.story', name))),
      );
      expect(outcomes).toEqual(names.map((name) => completed(`${name}, twice`)));
    });
  });
}
