// moleculer with its Redis transporter (Pub/Sub) and its own balancing.
import moleculer from 'moleculer';

const { ServiceBroker } = moleculer;

/** @param {string} url @param {string} role */
const brokerOf = (url, role) =>
  new ServiceBroker({ nodeID: `${role}-${process.pid}`, transporter: url, logger: false });

/** @type {import('./index.mjs').Serve} */
export async function serve({ url }, handlers) {
  const broker = brokerOf(url, 'service');
  broker.createService({
    name: 'bench',
    actions: {
      echo: (/** @type {any} */ context) => handlers.echo(context.params),
      io: (/** @type {any} */ context) => handlers.io(context.params),
    },
    events: { seen: () => handlers.seen() },
  });
  await broker.start();
  return { close: () => broker.stop() };
}

/** @type {import('./index.mjs').Connect} */
export async function connect({ url }) {
  const broker = brokerOf(url, 'client');
  await broker.start();
  await broker.waitForServices('bench');
  return {
    send: (pattern, data) => broker.call(`bench.${pattern}`, data),
    emit: (pattern, data) => broker.emit(pattern, data),
    close: () => broker.stop(),
  };
}
