import { Module } from '@nestjs/common';
import { differs } from '../differences.js';
import { eventually } from '../../../tools/wait.js';
import { CallsController } from '../fixture/calls.controller.js';
import { Journal } from '../fixture/journal.js';
import { type Outcome, outcomeOf, PATIENCE, SILENCE } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [CallsController], providers: [Journal] })
class DeliveryModule {}

/** Here the transports differ by design: each case is one named difference. */
export function deliveryCases(transport: TransportUnderTest): void {
  describe('delivery', () => {
    let service: ComparedService;

    beforeEach(async () => {
      service = await ComparedService.open(transport);
    });
    afterEach(() => service.close());

    const CALLS = 20;
    const executions = differs('balancing', transport.name, {
      'nest-redis': 2 * CALLS,
      'nest-tcp': CALLS,
      'redis-streams': CALLS,
    });
    test.each([
      ['requests', 'echo'],
      ['events', 'event'],
    ])('M2 two instances of a service: how often %s are run', async (_what, kind) => {
      const journals = [
        (await service.serve(DeliveryModule)).get(Journal),
        (await service.serve(DeliveryModule)).get(Journal),
      ];
      const client = await service.connected();
      const go = (data: unknown) =>
        outcomeOf(
          kind === 'echo' ? client.send('calls.echo', data) : client.emit('calls.event', data),
        );
      const outcomes = await Promise.all(Array.from({ length: CALLS }, (_, i) => go(i)));
      expect(outcomes.every(({ end }) => end === 'complete')).toBe(true);

      const runs = () => journals.flatMap(({ lines }) => lines);
      await eventually(() => expect(runs()).toHaveLength(executions));
      expect(new Set(runs()).size).toBe(CALLS);
    });

    const afterFailure = differs('acknowledgedDelivery', transport.name, {
      'nest-redis': ['fails x', 'sound x'],
      'nest-tcp': ['fails x', 'sound x'],
      'redis-streams': ['fails x', 'fails x', 'sound x'],
    });
    test('an event whose handler fails once', async () => {
      const app = await service.serve(DeliveryModule);
      const { lines } = app.get(Journal);
      const client = await service.connected();
      client.emit('calls.fails-once', 'x');
      await eventually(() => expect(lines.toSorted()).toEqual(afterFailure));
      // A later event proves that the failure stopped nothing and that no third run came first.
      client.emit('calls.event', 'later');
      await eventually(() => expect(lines).toContain('event "later"'));
      expect(lines).toHaveLength(afterFailure.length + 1);
    });

    const whileDown = differs('durability', transport.name, {
      'nest-redis': { end: 'complete', handled: ['event "back"'] },
      'nest-tcp': { end: 'error', handled: ['event "back"'] },
      'redis-streams': { end: 'complete', handled: ['event "while down"', 'event "back"'] },
    });
    test('an event sent while the service is down', async () => {
      await service.stop(await service.serve(DeliveryModule));
      const emitted = await outcomeOf(service.client().emit('calls.event', 'while down'));
      expect(emitted.end).toBe(whileDown.end);

      const app = await service.serve(DeliveryModule);
      await outcomeOf(service.client().emit('calls.event', 'back'));
      await eventually(() => expect(app.get(Journal).lines).toContain('event "back"'));
      expect(app.get(Journal).lines).toEqual(whileDown.handled);
    });

    const alone = differs<Partial<Outcome>>('nobodyServes', transport.name, {
      'nest-redis': { end: 'silence' },
      'nest-tcp': { end: 'error', error: { code: 'ECONNREFUSED' } },
      'redis-streams': { end: 'error', error: { code: 'NO_CONSUMER', outcome: 'not-run' } },
    });
    test('X8 a request when no service is there', async () => {
      const within = alone.end === 'silence' ? SILENCE : PATIENCE;
      const outcome = await outcomeOf(service.client().send('calls.echo', 1), within);
      expect(outcome).toMatchObject({ values: [], ...alone });
    });
  });
}
