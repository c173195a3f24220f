import { connect } from 'node:net';
import { onTestFinished } from 'vitest';

/** Characters of a command that are looked at: others may send megabytes to the same server, which no expression takes. */
const LOOKED_AT = 65_536;

/**
 * Tells of every command that a Redis runs, until the test ends: its words, and the address of the connection (`lua`:
 * the script that came before). Over a plain socket, because ioredis
 * fails when the first commands come in one packet with the answer to MONITOR.
 */
export async function monitor(
  url: string,
  told: (words: string[], from: string) => void,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port || 6379), hostname);
  onTestFinished(() => void socket.destroy());
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.on('data', (data) => {
      const lines = (rest + data.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '+OK') resolve();
        else {
          const words = line.slice(0, LOOKED_AT).matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)"/g);
          const from = /\[\d+ ([^\]]*)\]/.exec(line)?.[1] ?? '';
          told(
            Array.from(words, ([, word]) => word as string),
            from,
          );
        }
      }
    });
    socket.write('MONITOR\r\n');
  });
}
