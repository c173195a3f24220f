import { inspect } from 'node:util';
import { Controller } from '@nestjs/common';
import {
  BaseRpcContext,
  type ClientProxy,
  Ctx,
  EventPattern,
  MessagePattern,
} from '@nestjs/microservices';
import { RedisStreamsContext, RedisStreamsRecordBuilder } from 'nestjs-redis-streams';
import { firstValueFrom, NEVER, type Observable } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';

const factsOf = (context: RedisStreamsContext) => ({
  base: context instanceof BaseRpcContext && context instanceof RedisStreamsContext,
  pattern: context.getPattern(),
  stream: context.getStream(),
  messageId: context.getMessageId(),
  callId: context.getCallId(),
  consumer: context.getConsumer(),
  deliveryCount: context.getDeliveryCount(),
  metadata: context.getMetadata(),
  aborted: context.signal.aborted,
});

@Controller()
class ContextController {
  readonly events: ReturnType<typeof factsOf>[] = [];
  readonly aborted: unknown[] = [];

  @MessagePattern({ cmd: 'context.facts' })
  facts(@Ctx() context: RedisStreamsContext): unknown {
    const sinceEpoch = Number(context.deadline) - Date.now();
    return { ...factsOf(context), remaining: context.remainingTime(), sinceEpoch };
  }

  @MessagePattern('context.never')
  never(@Ctx() { signal }: RedisStreamsContext): Observable<never> {
    this.aborted.push('started');
    signal.addEventListener('abort', () => this.aborted.push('aborted'));
    return NEVER;
  }

  @MessagePattern('context.logged')
  logged(@Ctx() context: RedisStreamsContext): unknown {
    return {
      json: JSON.stringify(context),
      shown: inspect(context),
      deep: inspect({ context }, { depth: 20, showHidden: true }),
      flat: inspect({ a: { context } }, { depth: 0 }),
      args: context.getArgs(),
    };
  }

  @MessagePattern('context.metadata')
  metadata(@Ctx() context: RedisStreamsContext): unknown {
    return context.getMetadata();
  }

  @EventPattern('context.event')
  event(@Ctx() context: RedisStreamsContext): void {
    this.events.push(factsOf(context));
  }
}

describe('N4 RedisStreamsContext', () => {
  const open = async () => {
    const service = new TestService();
    // One of the handlers never ends.
    const app = await service.serveModule(
      { controllers: [ContextController] },
      { drainTimeout: 100 },
    );
    const client: ClientProxy = service.client();
    return { service, client, controller: app.get(ContextController) };
  };

  test('of a request', async () => {
    const { service, client } = await open();
    const facts = await firstValueFrom(client.send({ cmd: 'context.facts' }, {}));
    expect(facts).toEqual({
      base: true,
      pattern: '{"cmd":"context.facts"}',
      stream: `{${service.prefix}}:s:{"cmd":"context.facts"}`,
      messageId: expect.stringMatching(/^\d+-\d+$/),
      callId: expect.stringMatching(/./),
      consumer: expect.stringMatching(/./),
      deliveryCount: 1,
      metadata: {},
      aborted: false,
      remaining: expect.any(Number),
      sinceEpoch: expect.any(Number),
    });
    expect(facts.remaining).toBeGreaterThan(25_000);
    expect(facts.remaining).toBeLessThanOrEqual(30_000);
    expect(Math.abs(facts.sinceEpoch - facts.remaining)).toBeLessThan(2_000);
  });

  test('of an event', async () => {
    const { service, client, controller } = await open();
    client.emit('context.event', {});
    await eventually(() => expect(controller.events).toHaveLength(1));
    expect(controller.events[0]).toMatchObject({
      base: true,
      pattern: 'context.event',
      stream: `{${service.prefix}}:s:context.event`,
      messageId: expect.stringMatching(/^\d+-\d+$/),
      deliveryCount: 1,
    });
  });

  test('logs show the facts of the entry, and neither data, headers nor the inside of the server', async () => {
    const { service, client } = await open();
    const record = new RedisStreamsRecordBuilder({ card: 'payload-4111' })
      .setOptions({ headers: { authorization: 'Bearer hunter2' }, idempotencyKey: 'key-9' })
      .build();
    const { json, shown, deep, flat, args } = await firstValueFrom(
      client.send('context.logged', record),
    );
    expect(JSON.parse(json)).toEqual({
      pattern: 'context.logged',
      stream: `{${service.prefix}}:s:context.logged`,
      messageId: expect.stringMatching(/^\d+-\d+$/),
      callId: expect.stringMatching(/.\/./),
      consumer: expect.stringMatching(/./),
      deliveryCount: 1,
      failedAttempts: 0,
      deadline: expect.any(Number),
      aborted: false,
    });
    expect(shown).toMatch(/^RedisStreamsContext \{\n? *pattern: 'context\.logged'/);
    for (const text of [json, shown, deep, flat]) {
      expect(text).not.toMatch(/payload-4111|hunter2|key-9|Delivery|dispatcher|settler/);
      expect(text.length).toBeLessThan(1000);
    }
    expect(flat).not.toContain('messageId');
    expect(args).toEqual(['context.logged', { authorization: 'Bearer hunter2' }]);
  });

  test('has the metadata that a serializer gave its packet, as Nest’s own contexts have', async () => {
    const { service } = await open();
    const serialize = (packet: object) => ({
      ...packet,
      metadata: { ...(packet as { metadata?: object }).metadata, trace: 'of the serializer' },
    });
    const client = service.client({ serializer: { serialize }, headers: { app: 'shop' } });
    expect(await firstValueFrom(client.send('context.metadata', {}))).toEqual({
      app: 'shop',
      trace: 'of the serializer',
    });
  });

  test('X2 its signal is aborted when the caller unsubscribes', async () => {
    const { client, controller } = await open();
    const subscription = client.send('context.never', {}).subscribe();
    await eventually(() => expect(controller.aborted).toEqual(['started']));
    subscription.unsubscribe();
    await eventually(() => expect(controller.aborted).toEqual(['started', 'aborted']));
  });
});
