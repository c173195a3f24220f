import { createServer } from 'node:net';

// Below the range from which systems take the ports of outgoing connections: there, a client that
// reconnects to a server that was stopped could take its port, or even connect to itself.
const lowest = 20_000;
const highest = 32_000;
const attempts = 10;

/** A port of the loopback interface on which nothing listened a moment ago. */
export async function freePort(): Promise<number> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${lowest} and ${highest}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
