import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { Random } from '../../tools/random.js';
import {
  blackhole,
  byteRate,
  cutMidFrame,
  delay,
  dropAnswers,
  halfOpen,
  noAnswers,
  slow,
} from '../../tools/tcp-proxy/modes.js';
import type { Mode } from '../../tools/tcp-proxy/passage.js';
import { Proxy } from '../../tools/tcp-proxy/proxy.js';
import { eventually } from '../../tools/wait.js';

/** A server that says everything back, and a client that reaches it through the proxy. */
async function echo(mode?: Mode) {
  const sockets: Socket[] = [];
  const heard = { text: '' };
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => (heard.text += String(chunk)));
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = new Proxy({ port, random: new Random(1) });
  if (mode !== undefined) proxy.greet(mode);
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
  return { client, proxy, heard, seen, say, sockets };
}

it('passes what is sent, both ways', async () => {
  const { seen, say } = await echo();
  say('hello');
  await eventually(() => expect(seen.text).toBe('hello'));
});

it('delays answers and keeps their order', async () => {
  const { seen, say } = await echo(delay(80, 120));
  const started = performance.now();
  for (const word of ['one ', 'two ', 'three']) {
    say(word);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(() => expect(seen.text).toBe('one two three'));
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
  await eventually(() => expect(seen.text).toHaveLength(all.length));
  expect(seen.text).toBe(all);
});

it('delays both directions and keeps their order', async () => {
  const { heard, seen, say } = await echo(slow(60));
  const started = performance.now();
  for (const word of ['one ', 'two ', 'three']) {
    say(word);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(() => expect(heard.text).toBe('one two three'));
  expect(performance.now() - started).toBeGreaterThanOrEqual(55);
  await eventually(() => expect(seen.text).toBe('one two three'));
  expect(performance.now() - started).toBeGreaterThanOrEqual(115);
});

it('swallows an answer and ends the connection', async () => {
  const { proxy, seen, say } = await echo(dropAnswers(1));
  say('hello');
  await eventually(() => expect(seen.closed).toBeDefined());
  expect(seen.text).toBe('');
  expect(proxy.counts).toEqual({ dropped: 1, cutShort: 0 });
});

it('swallows answers of the role that is named only', async () => {
  const { proxy, seen, say } = await echo(dropAnswers(1, 'commands'));
  say('*2\r\n$10\r\nSSUBSCRIBE\r\n$1\r\nx\r\n');
  await eventually(() => expect(seen.text).not.toBe(''));
  expect(proxy.counts.dropped).toBe(0);
});

it('lets commands through, and no answers', async () => {
  const { heard, seen, say } = await echo(noAnswers);
  say('hello');
  await eventually(() => expect(heard.text).toBe('hello'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toMatchObject({ text: '', closed: undefined });
});

it('cuts an answer in the middle', async () => {
  const { proxy, seen, say } = await echo(cutMidFrame(1));
  say('hello you');
  await eventually(() => expect(seen.closed).toBe('FIN'));
  expect(seen.text).toBe('hell');
  expect(proxy.counts).toEqual({ dropped: 0, cutShort: 1 });
});

const silences: [string, Mode][] = [
  ['in a black hole', blackhole],
  ['half open', halfOpen],
];
it.each(silences)('falls silent without an end, %s, while new ones pass', async (_, mode) => {
  const { client, proxy, seen, say } = await echo();
  say('a');
  await eventually(() => expect(seen.text).toBe('a'));
  for (const passage of proxy.of('one')) passage.mode = mode;
  say('b');
  const other = connect((client as unknown as { remotePort: number }).remotePort, '127.0.0.1');
  onTestFinished(() => void other.destroy());
  other.write('c');
  const [answer] = await once(other, 'data');
  expect(String(answer)).toBe('c');
  expect(seen).toMatchObject({ text: 'a', closed: undefined });
});

it.each(silences)('does not tell the client that Redis has gone, %s', async (_, mode) => {
  const { proxy, seen, say, sockets } = await echo();
  say('a');
  await eventually(() => expect(seen.text).toBe('a'));
  proxy.treat(mode);
  for (const socket of sockets) socket.destroy();
  await eventually(() => expect(proxy.passages.size).toBe(0));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen.closed).toBeUndefined();
});

it.each([
  ['tells', 'half open', halfOpen, true],
  ['does not tell', 'in a black hole', blackhole, false],
] as const)('%s Redis that the client has gone, %s', async (_, _where, mode, tells) => {
  const { client, proxy, seen, say, sockets } = await echo();
  say('a');
  await eventually(() => expect(seen.text).toBe('a'));
  proxy.treat(mode);
  client.destroy();
  await eventually(() => expect(proxy.passages.size).toBe(0));
  if (tells) await eventually(() => expect(sockets[0]!.destroyed).toBe(true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(sockets[0]!.destroyed).toBe(tells);
});

it('resets a connection', async () => {
  const { proxy, seen, say } = await echo();
  say('a');
  await eventually(() => expect(seen.text).toBe('a'));
  for (const passage of proxy.of('one')) passage.reset();
  await eventually(() => expect(seen.closed).toBe('ECONNRESET'));
});

it('lets so many bytes per second through', async () => {
  const { seen, say } = await echo(byteRate(10_000));
  say('x'.repeat(2000));
  await eventually(() => expect(seen.text).toHaveLength(2000));
  expect(performance.now() - seen.since).toBeGreaterThan(150);
});

it('knows connections by what they are used for', async () => {
  const { proxy, seen, say } = await echo();
  say('*2\r\n$10\r\nSSUBSCRIBE\r\n$1\r\nx\r\n');
  await eventually(() => expect(seen.text).not.toBe(''));
  expect(proxy.names('subscriber')).toEqual(['one']);
  expect(proxy.of('one', 'reader')).toEqual([]);
  expect(proxy.latest('subscriber').sent).toContain('subscribe');
  expect(() => proxy.latest('reader')).toThrow('no connection for reader');
});

it('knows what a connection is for even if the command arrives in two parts', async () => {
  const { client, proxy, seen, say } = await echo();
  say('*9\r\n$10\r\nXREAD');
  await once(client, 'data');
  say('GROUP\r\n');
  await eventually(() => expect(seen.text).toContain('GROUP'));
  expect(proxy.names('reader')).toEqual(['one']);
});

it('counts what was made, and what Redis has sent', async () => {
  const { proxy, seen, say } = await echo();
  say('hello');
  await eventually(() => expect(seen.text).toBe('hello'));
  expect(proxy.latest('commands').received).toBe(5);
  proxy.cut();
  await eventually(() => expect(seen.closed).toBeDefined());
  expect(proxy.made).toBe(1);
});
