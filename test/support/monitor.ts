import { connect } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * Tells of every command that a Redis runs, until the test ends: its words. Over a plain socket, because ioredis
 * fails when the first commands come in one packet with the answer to MONITOR.
 */
export async function monitor(url: string, told: (words: string[]) => void): Promise<void> {
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
        else told(Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word]) => word as string));
      }
    });
    socket.write('MONITOR\r\n');
  });
}
