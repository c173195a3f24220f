// NATS without JetStream: what Nest's transport uses.
import { spawnSync } from 'node:child_process';
import { usageOf } from '../harness/usage.mjs';
import { freePort } from './ports.mjs';
import { findProgram, startProcess } from './server-process.mjs';

/**
 * @param {new (message: string) => Error} Absent
 * @returns {Promise<import('./index.mjs').Broker>}
 */
export async function startNats(Absent) {
  const program = findProgram('nats-server');
  if (program === undefined) throw new Absent('nats-server is not on PATH');
  const port = await freePort();
  const server = await startProcess(program, ['-a', '127.0.0.1', '-p', String(port)], { port });
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return {
    url: `nats://127.0.0.1:${port}`,
    version: `NATS ${/\d+\.\d+\.\d+/.exec(stdout)?.[0]}`,
    usage: async () => usageOf(server.pid),
    stop: server.stop,
  };
}
