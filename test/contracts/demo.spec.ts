import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientProxy } from '@nestjs/microservices';
import { OrdersModule } from '../../apps/demo-service/src/orders.module.js';
import {
  type CallOptions,
  RemoteError,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { complaintsAboutDocument } from './asyncapi-complaints.js';
import { command } from './command.js';
import { complaintsAbout, folder, load } from './generated-module.js';
import { eventually } from '../../tools/wait.js';
import { failure, serve } from './support.js';

/** The demo's service, as its `main.ts` makes it, and the words that the command needs to find it. */
async function demo() {
  const settings = { name: 'shelf', group: 'demo', eventsOnly: false, url: '', prefix: '' };
  const { prefix, proxy } = await serve({ imports: [OrdersModule.register(settings)] });
  const generate = ['generate', '--service', 'stock', '--prefix', prefix];
  await eventually(async () => expect(await command(...generate)).toMatchObject({ code: 0 }));
  return { proxy, generate };
}

/** What a user of the generated file writes, and what the compiler must not let pass. */
const USE = `
import type { ClientProxy } from '@nestjs/microservices';
import { stockClient } from './stock.client.js';

export async function use(proxy: ClientProxy): Promise<[string, number, Date, number[]]> {
  const stock = stockClient(proxy);
  const { instance, left, at } = await stock.with({ timeout: 5_000 }).take({ article: 'tea', quantity: 2 });
  const looks: number[] = [];
  for await (const look of stock.watch('tea', 2)) looks.push(look);
  return [instance, left, at, looks];
}
`;
const MISUSES = [
  ["take({ article: 'tea', quantity: '2' })", /'string' is not assignable to type 'number'/],
  ["take({ article: 'tea' })", /Property 'quantity' is missing/],
  ['take()', /Expected 1 arguments, but got 0/],
  ["give('tea')", /Property 'give' does not exist/],
  ["watch('tea').then()", /'this' context of type 'StreamedReply<number>' is not assignable/],
] as const;

/** What of the generated file is used here; its own types are the compiler's matter above. */
interface Generated {
  stockClient(proxy: ClientProxy): {
    take(line: object): Promise<unknown>;
    watch(article: string, looks?: number): AsyncIterable<number>;
    with(options: CallOptions): { take(line: object): Promise<unknown> };
  };
}

test('P11 a client generated from the demo service compiles, and calls it', async () => {
  const { proxy, generate } = await demo();
  const place = folder();
  const at = (name: string): string => join(place, name);
  expect(await command(...generate, '--out', at('stock.client.ts'))).toMatchObject({ code: 0 });
  const misuse = (call: string): string =>
    `import { stockClient } from './stock.client.js';\nvoid stockClient(undefined as never).${call};`;
  const files = MISUSES.map(([call], i) => [at(`misuse${i}.ts`), misuse(call)] as const);
  for (const [file, text] of [[at('use.ts'), USE] as const, ...files]) writeFileSync(file, text);

  const complaints = complaintsAbout([
    at('stock.client.ts'),
    at('use.ts'),
    ...files.map(([file]) => file),
  ]);
  expect(complaints).toEqual([[], [], ...MISUSES.map(([, text]) => [expect.stringMatching(text)])]);

  const source = readFileSync(at('stock.client.ts'), 'utf8');
  const { stockClient } = await load<Generated>(at('stock.client.ts'), source);
  const stock = stockClient(proxy);
  expect(await stock.with({ timeout: 5_000 }).take({ article: 'tea', quantity: 2 })).toEqual({
    instance: 'shelf',
    left: 98,
    at: expect.any(Date),
  });
  const looks: number[] = [];
  for await (const look of stock.watch('tea', 2)) looks.push(look);
  expect(looks).toEqual([100, 99]);
  // The demo's own error, without its class.
  const error = await failure(stock.take({ article: 'tea', quantity: 999 }));
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject({ name: 'OutOfStock', code: 'OUT_OF_STOCK', details: { left: 100 } });
  expect(await failure(stock.take({ article: '', quantity: 2 }))).toMatchObject({
    code: 'VALIDATION',
    details: [{ property: 'line.article' }],
  });
});

test('X24 the official parser finds nothing wrong with the document of the demo service', async () => {
  const { generate } = await demo();
  const { out } = await command(...generate, '--format', 'asyncapi');
  const document = JSON.parse(out) as { channels: Record<string, { address: string | null }> };
  expect(document.channels['take']?.address).toBe('stock.take');
  expect(await complaintsAboutDocument(document)).toEqual([]);
});
