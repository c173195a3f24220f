import { Controller } from '@nestjs/common';
import {
  BaseRpcContext,
  type ClientProxy,
  Ctx,
  EventPattern,
  MessagePattern,
} from '@nestjs/microservices';
import { RedisStreamsContext } from 'nestjs-redis-streams';
import { firstValueFrom, NEVER, type Observable } from 'rxjs';
import { eventually, Room } from './support.js';

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

  @EventPattern('context.event')
  event(@Ctx() context: RedisStreamsContext): void {
    this.events.push(factsOf(context));
  }
}

describe('N4 RedisStreamsContext', () => {
  const open = async () => {
    const room = new Room();
    // One of the handlers never ends.
    const app = await room.serve({ controllers: [ContextController] }, { drainTimeout: 100 });
    const client: ClientProxy = room.client();
    return { room, client, controller: app.get(ContextController) };
  };

  test('of a request', async () => {
    const { room, client } = await open();
    const facts = await firstValueFrom(client.send({ cmd: 'context.facts' }, {}));
    expect(facts).toEqual({
      base: true,
      pattern: '{"cmd":"context.facts"}',
      stream: `{${room.prefix}}:s:{"cmd":"context.facts"}`,
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
    const { room, client, controller } = await open();
    client.emit('context.event', {});
    await eventually(() => expect(controller.events).toHaveLength(1));
    expect(controller.events[0]).toMatchObject({
      base: true,
      pattern: 'context.event',
      stream: `{${room.prefix}}:s:context.event`,
      messageId: expect.stringMatching(/^\d+-\d+$/),
      deliveryCount: 1,
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
