// moleculer with its Redis transporter (Pub/Sub) and its own balancing.
import moleculer from 'moleculer';
import type { Connect, Serve } from './index.js';

const { ServiceBroker } = moleculer;

let made = 0;

const brokerOf = (url: string, role: string) =>
  new ServiceBroker({
    nodeID: `${role}-${process.pid}-${made++}`,
    transporter: url,
    logger: false,
  });

export const serve: Serve = async ({ url }, handlers) => {
  const broker = brokerOf(url, 'service');
  broker.createService({
    name: 'bench',
    actions: {
      echo: (context: moleculer.Context) => handlers.echo(context.params),
      io: (context: moleculer.Context) => handlers.io(context.params),
    },
    events: { seen: () => handlers.seen() },
  });
  await broker.start();
  return { close: () => broker.stop() };
};

export const connect: Connect = async ({ url }) => {
  const broker = brokerOf(url, 'client');
  await broker.start();
  await broker.waitForServices('bench');
  return {
    send: (pattern, data) => broker.call(`bench.${pattern}`, data),
    emit: (pattern, data) => broker.emit(pattern, data),
    close: () => broker.stop(),
  };
};
