import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { Random } from '../../chaos/kit/random.js';
import {
  blackhole,
  byteRate,
  cutMidFrame,
  delay,
  dropAnswers,
  type Mode,
} from '../../tools/tcp-proxy/passage.js';
import { Proxy } from '../../tools/tcp-proxy/proxy.js';

/** A bound for what happens at once on an idle machine. */
const SOON = { timeout: 10_000 };

/** A server that says everything back, and a client that reaches it through the proxy. */
async function echo(mode?: Mode) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = new Proxy((server.address() as AddressInfo).port, new Random(1));
  if (mode !== undefined) proxy.greet((passage) => (passage.mode = mode));
  const client = connect(await proxy.listen('one'), '127.0.0.1');
  client.setEncoding('utf8');
  const seen = { text: '', closed: undefined as string | undefined, since: performance.now() };
  client.on('data', (text: string) => (seen.text += text));
  client.on('error', (error: NodeJS.ErrnoException) => (seen.closed = error.code));
  client.on('close', () => (seen.closed ??= 'FIN'));
  await once(client, 'connect');
  onTestFinished(async () => {
    client.destroy();
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const say = (text: string): void => void client.write(text);
  return { client, proxy, seen, say };
}

it('passes what is sent, both ways', async () => {
  const { seen, say } = await echo();
  say('hello');
  await vi.waitFor(() => expect(seen.text).toBe('hello'), SOON);
});

it('delays answers and keeps their order', async () => {
  const { seen, say } = await echo(delay(80, 120));
  const started = performance.now();
  for (const word of ['one ', 'two ', 'three']) {
    say(word);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitFor(() => expect(seen.text).toBe('one two three'), SOON);
  expect(performance.now() - started).toBeGreaterThanOrEqual(75);
});

it('never changes the order of what comes later, however busy it is', async () => {
  const { client, proxy, seen, say } = await echo();
  say('> ');
  await once(client, 'data');
  const [passage] = proxy.passages;
  const words = Array.from({ length: 400 }, (_, i) => `${i} `);
  for (const [i, word] of words.entries()) {
    passage!.toClient(Buffer.from(word), (i * 1.7) % 6);
    for (const end = performance.now() + (i % 3); performance.now() < end;);
    if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const all = `> ${words.join('')}`;
  await vi.waitFor(() => expect(seen.text).toHaveLength(all.length), SOON);
  expect(seen.text).toBe(all);
});

it('swallows an answer and ends the connection', async () => {
  const { seen, say } = await echo(dropAnswers(1));
  say('hello');
  await vi.waitFor(() => expect(seen.closed).toBeDefined(), SOON);
  expect(seen.text).toBe('');
});

it('cuts an answer in the middle', async () => {
  const { seen, say } = await echo(cutMidFrame(1));
  say('hello you');
  await vi.waitFor(() => expect(seen.closed).toBe('FIN'), SOON);
  expect(seen.text).toBe('hell');
});

it('falls silent without ending the connection, while new ones pass', async () => {
  const { client, proxy, seen, say } = await echo();
  say('a');
  await vi.waitFor(() => expect(seen.text).toBe('a'), SOON);
  for (const passage of proxy.of('one')) passage.mode = blackhole;
  say('b');
  const other = connect((client as unknown as { remotePort: number }).remotePort, '127.0.0.1');
  onTestFinished(() => void other.destroy());
  other.write('c');
  const [answer] = await once(other, 'data');
  expect(String(answer)).toBe('c');
  expect(seen).toMatchObject({ text: 'a', closed: undefined });
});

it('resets a connection', async () => {
  const { proxy, seen, say } = await echo();
  say('a');
  await vi.waitFor(() => expect(seen.text).toBe('a'), SOON);
  for (const passage of proxy.of('one')) passage.reset();
  await vi.waitFor(() => expect(seen.closed).toBe('ECONNRESET'), SOON);
});

it('lets so many bytes per second through', async () => {
  const { seen, say } = await echo(byteRate(10_000));
  say('x'.repeat(2000));
  await vi.waitFor(() => expect(seen.text).toHaveLength(2000), SOON);
  expect(performance.now() - seen.since).toBeGreaterThan(150);
});

it('knows connections by what they are used for', async () => {
  const { proxy, seen, say } = await echo();
  say('*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nx\r\n');
  await vi.waitFor(() => expect(seen.text).not.toBe(''), SOON);
  expect(proxy.names('subscriber')).toEqual(['one']);
  expect(proxy.of('one', 'reader')).toEqual([]);
});
