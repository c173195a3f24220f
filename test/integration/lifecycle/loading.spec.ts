import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { resolveClientOptions } from '../../../libs/redis-stream-transport/src/options/index.js';
import { Link } from '../../../libs/redis-stream-transport/src/redis/link.js';

/** A server that says to the first who ask that it will load its data for another minute. */
async function loadingServer(times: number): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      // Commands arrive as arrays of bulk strings; their names are enough.
      for (const [, name] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        if (name!.toLowerCase() !== 'info') socket.write('+OK\r\n');
        else {
          const loading = ++asked <= times ? 'loading:1\r\nloading_eta_seconds:60' : 'loading:0';
          socket.write(`$${loading.length}\r\n${loading}\r\n`);
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

it('asks a server that loads its data again soon, whatever it says of how long that takes', async () => {
  const { url, asked } = await loadingServer(3);
  const observer = { ready: () => {}, closed: () => {}, failed: () => {} };
  const { redis: target } = resolveClientOptions({ url });
  await new Promise<void>((resolve) => {
    const link = new Link(
      'commands',
      { target, maxPause: 1000, observer },
      { up: async () => resolve(), down: () => {} },
    );
    onTestFinished(() => link.stop());
    link.start();
  });
  // On one connection: it was not thrown away when the server took its time. The last time it was asked for its identity.
  expect(asked()).toBe(5);
});
