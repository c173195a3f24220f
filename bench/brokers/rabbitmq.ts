// RabbitMQ, in a folder of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/free-port.js';
import { usageOf } from '../harness/usage.js';
import { Absent, type Broker } from './broker.js';
import { findProgram, startProcess } from './server-process.js';

// The packages' own wrapper would change to the system's user and its folders.
const first = ['/usr/lib/rabbitmq/bin'];

export async function startRabbit(): Promise<Broker> {
  const program = findProgram('rabbitmq-server', first);
  if (program === undefined) throw new Absent('rabbitmq-server is not on PATH');
  const folder = mkdtempSync(join(tmpdir(), 'nrs-rabbitmq-'));
  const port = await freePort();
  // Erlang would start one that stays.
  const namesPort = await freePort();
  const names = await startProcess(
    findProgram('epmd', ['/usr/lib/erlang/bin']) ?? 'epmd',
    ['-port', String(namesPort), '-address', '127.0.0.1'],
    { port: namesPort },
  );
  const env = {
    ...process.env,
    ERL_EPMD_PORT: String(namesPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    HOME: folder,
    RABBITMQ_NODENAME: `bench${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
  };
  const server = await startProcess(program, [], { port, env }).catch(async (error: unknown) => {
    await names.stop();
    throw error;
  });
  return {
    url: `amqp://127.0.0.1:${port}`,
    version: 'RabbitMQ',
    usage: async () => usageOf(server.pid),
    stop: async () => {
      await server.stop();
      await names.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
