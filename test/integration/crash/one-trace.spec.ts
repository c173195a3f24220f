import { onTestFinished } from 'vitest';
import { Forked } from '../../../tools/forked.js';
import { eventually } from '../../../tools/wait.js';
import { builtLibrary, program } from '../../support/built-library.js';
import { TestService } from '../../support/test-service.js';
import { Traces } from '../../support/traces.js';

/** A span as it comes from another process, or from this one. */
interface Told {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly context: { readonly spanId: string }; attributes?: object }[];
}

interface Message {
  readonly kind: string;
  readonly span?: Told;
}

/** Milliseconds. */
const LEASE = 1000;

const isMessage = (_message: unknown): _message is Message => true;

beforeAll(() => void builtLibrary(), 120_000);

/** An instance of a service in a process of its own, with the spans that it has ended. */
class TracedInstance extends Forked {
  readonly spans: Told[] = [];
  started = 0;

  constructor(role: string, hold: boolean, address: object) {
    const options = { group: role, leaseTtl: LEASE };
    const args = [JSON.stringify({ library: builtLibrary(), role, hold, address, options })];
    super({ name: role, program: program('traced'), args });
    this.process.on('message', ({ kind, span }: Message) => {
      if (span !== undefined) this.spans.push(span);
      if (kind === 'started') this.started++;
    });
  }

  static async start(role: string, address: object, hold = false): Promise<TracedInstance> {
    const instance = new TracedInstance(role, hold, address);
    onTestFinished(async () => void (await instance.kill()));
    const first = await instance.message(isMessage, 20_000);
    expect(first.kind).toBe('listening');
    return instance;
  }
}

it('is one over a gateway, two services and two that hear an event, through a kill with a take-over', async () => {
  const traces = new Traces();
  const service = new TestService();
  const { address } = service;
  const victim = await TracedInstance.start('inventory', address, true);
  const orders = await TracedInstance.start('orders', address);
  for (const group of ['billing', 'shipping']) {
    await service.serve({ events: { 'orders.placed': () => undefined } }, { group });
  }
  const gateway = await service.connected();
  const answer = gateway.call('orders.place', { id: 7 });
  await eventually(() => expect(victim.started).toBe(1));
  const heir = await TracedInstance.start('inventory', address);
  await victim.kill();
  expect(await answer).toEqual({ id: 7, reserved: 'reserved' });
  await traces.all('process orders.placed', 2);
  await eventually(() =>
    expect(orders.spans.map(({ name }) => name)).toContain('process orders.place'),
  );
  await eventually(() => expect(heir.spans).toHaveLength(1));

  const own: Told[] = traces.spans.map((span) => ({
    ...span.spanContext(),
    name: span.name,
    parent: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    links: span.links,
  }));
  const all = [...own, ...orders.spans, ...heir.spans];
  expect(victim.spans).toEqual([]);
  expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
  const byId = new Map(all.map((span) => [span.spanId, span]));
  const path = (span: Told): string => {
    const parent = span.parent === undefined ? undefined : byId.get(span.parent);
    if (span.parent !== undefined) expect(parent).toBeDefined();
    return parent === undefined ? span.name : `${path(parent)} > ${span.name}`;
  };
  const asked = 'send orders.place > process orders.place';
  expect(all.map(path).toSorted()).toEqual(
    [
      'send orders.place',
      asked,
      `${asked} > send inventory.reserve`,
      `${asked} > send inventory.reserve > process inventory.reserve`,
      `${asked} > emit orders.placed`,
      `${asked} > emit orders.placed > process orders.placed`,
      `${asked} > emit orders.placed > process orders.placed`,
    ].toSorted(),
  );
  const [taken] = heir.spans as [Told];
  expect(taken.attributes).toMatchObject({
    'messaging.consumer.group.name': 'inventory',
    'redis_streams.deliveries': 2,
    'redis_streams.result': 'answered',
  });
  expect(taken.links).toMatchObject([
    {
      context: { spanId: taken.parent },
      attributes: { 'redis_streams.link': 'message' },
    },
  ]);
  const groups = all
    .filter(({ name }) => name === 'process orders.placed')
    .map(({ attributes }) => attributes['messaging.consumer.group.name']);
  expect(groups.toSorted()).toEqual(['billing', 'shipping']);
}, 60_000);
