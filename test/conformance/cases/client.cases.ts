import { Module, type INestMicroservice } from '@nestjs/common';
import { firstValueFrom, take, toArray } from 'rxjs';
import { differs } from '../differences.js';
import { eventually } from '../../../tools/wait.js';
import { CallsController } from '../fixture/calls.controller.js';
import { Journal } from '../fixture/journal.js';
import { NOT_INITIALIZED } from '../nest-texts.js';
import { completed, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [CallsController], providers: [Journal] })
class ClientModule {}

export function clientCases(transport: TransportUnderTest): void {
  describe('N6 the client', () => {
    let service: ComparedService;
    let app: INestMicroservice;
    let journal: Journal;

    beforeEach(async () => {
      service = await ComparedService.open(transport);
      app = await service.serve(ClientModule);
      journal = app.get(Journal);
    });
    afterEach(() => service.close());

    test('N6.1 status of a client that connects', async () => {
      const client = service.client();
      const seen: string[] = [];
      client.status.subscribe((status) => seen.push(status));
      expect(seen).toEqual([]);
      await client.connect();
      await eventually(() => expect(seen).toEqual(['connected']));
    });

    const afterClose = differs('statusAfterClose', transport.name, {
      'nest-redis': ['connected'],
      'nest-tcp': ['connected', 'disconnected'],
      'redis-streams': ['connected', 'disconnected'],
    });
    test('N6.2 status of a client that closes', async () => {
      const client = await service.connected();
      const seen: string[] = [];
      client.status.subscribe((status) => seen.push(status));
      await client.close();
      await eventually(() => expect(seen).toEqual(afterClose));
    });

    test('N6.3 status of a server that listens', async () => {
      expect(await firstValueFrom(app.status)).toBe('connected');
    });

    test('N6.4 a listener from before connect is called', async () => {
      const client = service.client();
      const heard = vi.fn();
      client.on(transport.readyEvent as never, heard as never);
      expect(heard).not.toHaveBeenCalled();
      await client.connect();
      await eventually(() => expect(heard).toHaveBeenCalled());
    });

    test('N6.5 unwrap before connect throws, afterwards it returns the driver', async () => {
      const client = service.client();
      expect(() => client.unwrap()).toThrow(NOT_INITIALIZED);
      await client.connect();
      expect(client.unwrap()).toBeTruthy();
    });

    test('N6.6 unwrap of a listening server returns the driver', () => {
      expect(app.unwrap()).toBeTruthy();
    });

    test('N6.7 connect twice is connect once', async () => {
      const client = service.client();
      await Promise.all([client.connect(), client.connect()]);
      const driver = client.unwrap<object | object[]>();
      await client.connect();
      expect([client.unwrap()].flat()[0]).toBe([driver].flat()[0]);
    });

    test('N6.8 a call connects by itself', async () => {
      expect(await outcomeOf(service.client().send('calls.echo', 1))).toEqual(completed(1));
    });

    test('N6.9 close before connect and twice', async () => {
      const client = service.client();
      await client.close();
      await client.connect();
      await client.close();
      await client.close();
      expect(() => client.unwrap()).toThrow(NOT_INITIALIZED);
    });

    test('N6.10 A8 a closed client can be used again', async () => {
      const client = await service.connected();
      await client.close();
      expect(await outcomeOf(client.send('calls.echo', 'again'))).toEqual(completed('again'));
    });

    test('N6.11 a subscriber that takes fewer values gets only those', async () => {
      const client = await service.connected();
      const values = await firstValueFrom(client.send('calls.ticks', 10).pipe(take(2), toArray()));
      expect(values).toEqual([0, 1]);
      expect(await outcomeOf(client.send('calls.echo', 'next'))).toEqual(completed('next'));
    });

    test('N6.12 after unsubscribing nothing arrives', async () => {
      const client = await service.connected();
      const late = vi.fn();
      const subscription = client.send('calls.ticks', 3).subscribe({ next: late, error: late });
      subscription.unsubscribe();
      expect(await outcomeOf(client.send('calls.ticks', 6))).toMatchObject({ end: 'complete' });
      expect(late).not.toHaveBeenCalled();
    });

    const leftAlone = differs('cancellation', transport.name, {
      'nest-redis': ['ticks ran to the end'],
      'nest-tcp': ['ticks ran to the end'],
      'redis-streams': ['ticks were stopped'],
    });
    test('N6.13 X2 what the handler learns of an unsubscription', async () => {
      const client = await service.connected();
      await firstValueFrom(client.send('calls.ticks', 200));
      await eventually(() => expect(journal.lines).toEqual(leftAlone));
    });

    const atClose = differs<object>('pendingAtClose', transport.name, {
      'nest-redis': { message: 'Connection closed' },
      'nest-tcp': { message: 'Connection closed' },
      'redis-streams': { code: 'CLOSED', outcome: 'may-have-run' },
    });
    test('N6.14 a pending call ends when its client closes', async () => {
      const client = await service.connected();
      const outcome = outcomeOf(client.send('calls.never', {}));
      await eventually(() => expect(journal.lines).toEqual(['never']));
      await client.close();
      expect(await outcome).toMatchObject({ values: [], end: 'error', error: atClose });
      app.get(CallsController).release();
    });

    test('E7 P6 calls run at the same time', async () => {
      const client = await service.connected();
      const meeting = () => outcomeOf(client.send('calls.meet', {}));
      expect(await Promise.all([meeting(), meeting()])).toEqual([
        completed('met'),
        completed('met'),
      ]);
    });
  });
}
