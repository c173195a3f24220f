// An instance of a service in a process of its own; built-library.ts says where the library is.
// Commands come and reports go over the channel to the test.
import { Logger } from '@nestjs/common';

const { library, options } = JSON.parse(process.argv[2]);
const { ServerRedisStreams } = await import(library);
Logger.overrideLogger(false);

const server = new ServerRedisStreams(options);
const running = new Map();

/** Ends when the test says so, or after the milliseconds that the data names. */
async function work(data, context) {
  const consumer = context.getConsumer();
  process.send({
    kind: 'started',
    key: data.key,
    deliveries: context.getDeliveryCount(),
    consumer,
  });
  context.signal.addEventListener('abort', () =>
    process.send({ kind: 'aborted', key: data.key, reason: context.signal.reason.message }),
  );
  if (data.die) process.kill(process.pid, 'SIGKILL');
  if (data.hold) await new Promise((resolve) => running.set(data.key, resolve));
  else if (data.ms) await new Promise((resolve) => setTimeout(resolve, data.ms));
  process.send({ kind: 'finished', key: data.key });
  return { key: data.key, pid: process.pid, consumer };
}

server.addHandler('work', work, false, {});
server.addHandler('happened', work, true, {});

process.on('message', ({ kind, key }) => {
  if (kind === 'finish') running.get(key)?.();
});
const end = async () => {
  await server.close();
  process.disconnect();
};
process.on('SIGTERM', () => void end());

await server.listen((error) => {
  if (error) process.send({ kind: 'failed', message: String(error) });
  else process.send({ kind: 'listening' });
});
