// BullMQ used for calls: a job for each, and `waitUntilFinished`.
import { Queue, QueueEvents, Worker } from 'bullmq';
import type { Connect, Serve } from './index.js';

/** As many at once as our server runs by default. */
const concurrency = 200;
const CALLS = 'calls';
const EVENTS = 'events';
/** A job that is removed at once may be gone before `waitUntilFinished` looks for it, and then it fails. */
const jobOptions = { removeOnComplete: { count: 5000 }, removeOnFail: true };

const connectionOf = (url: string) => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
};

export const serve: Serve = async ({ url }, handlers) => {
  const connection = connectionOf(url);
  const calls = new Worker(
    CALLS,
    async (job) => (job.name === 'io' ? handlers.io(job.data) : handlers.echo(job.data)),
    { connection, concurrency },
  );
  const events = new Worker(EVENTS, async () => handlers.seen(), { connection, concurrency });
  await Promise.all([calls.waitUntilReady(), events.waitUntilReady()]);
  return { close: async () => void (await Promise.all([calls.close(), events.close()])) };
};

export const connect: Connect = async ({ url }) => {
  const connection = connectionOf(url);
  const calls = new Queue(CALLS, { connection });
  const events = new Queue(EVENTS, { connection });
  const finished = new QueueEvents(CALLS, { connection });
  // One listener for every call that waits.
  finished.setMaxListeners(0);
  await finished.waitUntilReady();
  return {
    send: async (pattern, data) => {
      const job = await calls.add(pattern, data, jobOptions);
      return job.waitUntilFinished(finished);
    },
    emit: (pattern, data) => events.add(pattern, data, jobOptions),
    close: async () => void (await Promise.all([calls.close(), events.close(), finished.close()])),
  };
};
