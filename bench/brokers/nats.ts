// NATS without JetStream: what Nest's transport uses.
import { spawnSync } from 'node:child_process';
import { freePort } from '../../tools/free-port.js';
import { usageOf } from '../harness/usage.js';
import { Absent, type Broker } from './broker.js';
import { findProgram, startProcess } from './server-process.js';

export async function startNats(): Promise<Broker> {
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
