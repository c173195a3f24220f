import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { uniquePrefix } from '../support/place.js';
import { TestService } from '../support/test-service.js';

@Controller()
class AnswerController {
  @MessagePattern('emit.echo')
  echo(data: unknown): unknown {
    return data;
  }
}

/** What Redis knows of a client with a name of its own. */
const open = () => {
  const service = new TestService();
  const name = uniquePrefix();
  const client = service.client({ connectionName: name });
  const admin = service.redis;
  const connections = async (): Promise<string[]> =>
    String(await admin.client('LIST'))
      .split('\n')
      // In a Cluster the connection that asked for the owners of the slots is kept for two seconds.
      .filter((line) => line.includes(name) && !line.includes(' cmd=cluster|'));
  const keys = async (): Promise<string[]> =>
    (await admin.keys(`{${service.prefix}}:*`)).map((key) => key.slice(service.prefix.length + 3));
  return { service, client, admin, connections, keys };
};

describe('a client that only emits', () => {
  test('has one connection, no subscription and no reply log', async () => {
    const { client, connections, keys } = open();
    for (let i = 0; i < 3; i++) {
      await lastValueFrom(client.emit('emit.event', i), { defaultValue: undefined });
    }
    expect(await connections()).toHaveLength(1);
    // Its stream, what tells one memory of Redis from another, the number of shards, the record that makes each batch
    // count once, and, while the memory is young, which streams there are, for services with wildcards that come back.
    expect((await keys()).map((key) => key.replace(/:[\w-]{22}$/, ':<id>')).toSorted()).toEqual([
      'caller:<id>',
      'incarnation',
      'layout',
      's:emit.event',
      'streams',
    ]);
  });

  test('one that only connects leaves nothing of its own in Redis', async () => {
    const { client, connections, keys } = open();
    await client.connect();
    expect(await connections()).toHaveLength(1);
    expect((await keys()).toSorted()).toEqual(['incarnation', 'layout']);
  });

  test('says truthfully that it is connected, and that it is not', async () => {
    const { client, admin } = open();
    const seen: string[] = [];
    const subscription = client.status.subscribe((status) => seen.push(status));
    closing({ close: () => subscription.unsubscribe() });
    await client.connect();
    expect(seen).toEqual(['connected']);
    const [commands] = client.unwrap<[{ disconnect(): void }]>();
    commands.disconnect();
    await eventually(() => expect(seen).toEqual(['connected', 'reconnecting', 'connected']));
    await admin.ping();
    await client.close();
    expect(seen.at(-1)).toBe('disconnected');
  });

  test('hears replies from its first call on, and its status does not waver', async () => {
    const { service, client, connections, keys } = open();
    await service.serveModule({ controllers: [AnswerController] });
    const seen: string[] = [];
    const subscription = client.status.subscribe((status) => seen.push(status));
    closing({ close: () => subscription.unsubscribe() });
    await lastValueFrom(client.emit('emit.event', 1), { defaultValue: undefined });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => firstValueFrom(client.send('emit.echo', i))),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await connections()).toHaveLength(2);
    expect((await keys()).some((key) => key.startsWith('r:'))).toBe(true);
    expect(seen).toEqual(['connected']);
  });

  test('a first call that is answered before the subscription stands is not lost', async () => {
    const { service, client } = open();
    await service.serveModule({ controllers: [AnswerController] });
    await client.connect();
    for (let i = 0; i < 10; i++) {
      const fresh = service.client();
      await fresh.connect();
      expect(await firstValueFrom(fresh.send('emit.echo', i))).toBe(i);
      await fresh.close();
    }
  });
});
