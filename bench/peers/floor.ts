// What is left without Nest and without guarantees: a pipeline of XADDs for each turn of the loop, and
// one of PUBLISH, XACK and XDEL. Nothing is retried, checked, balanced or taken over.
import { randomUUID } from 'node:crypto';
import { ioredis } from '../harness/libraries.js';
import type { Connect, Serve } from './index.js';

const { Redis } = ioredis;
const STREAM = 'floor';
const GROUP = 'bench';
const COUNT = 200;
const BLOCK = 2000;

/** Runs `flush` once per turn, with all that was added in it. */
function perTurn<T>(flush: (items: T[]) => void) {
  let items: T[] = [];
  return (item: T) => {
    if (items.push(item) > 1) return;
    setImmediate(() => {
      const due = items;
      items = [];
      flush(due);
    });
  };
}

export const serve: Serve = async ({ url }, handlers) => {
  const commands = new Redis(url);
  const reader = new Redis(url);
  const consumer = randomUUID();
  await commands.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM').catch(() => undefined);

  const finish: (done: { id: string; channel: string; reply: string }) => void = perTurn((done) => {
    const replies: Map<string, string[]> = new Map();
    for (const { channel, reply } of done) {
      if (channel === '-') continue;
      const list = replies.get(channel);
      if (list === undefined) replies.set(channel, [reply]);
      else list.push(reply);
    }
    const ids = done.map(({ id }) => id);
    const pipeline = commands.pipeline();
    for (const [channel, list] of replies) pipeline.publish(channel, `[${list.join(',')}]`);
    pipeline.xack(STREAM, GROUP, ...ids);
    pipeline.xdel(STREAM, ...ids);
    void pipeline.exec();
  });

  const handle = async (
    id: string,
    [, call, , channel = '-', , pattern, , data = 'null']: string[],
  ) => {
    const input = JSON.parse(data);
    if (pattern === 'seen') {
      handlers.seen();
      finish({ id, channel, reply: '' });
      return;
    }
    const result = await (pattern === 'io' ? handlers.io(input) : handlers.echo(input));
    finish({ id, channel, reply: `[${call},${JSON.stringify(result)}]` });
  };

  let closed = false;
  const read = async () => {
    const streams: unknown = await reader.xreadgroup(
      'GROUP',
      GROUP,
      consumer,
      'COUNT',
      COUNT,
      'BLOCK',
      BLOCK,
      'STREAMS',
      STREAM,
      '>',
    );
    for (const [, entries] of entriesOf(streams))
      for (const [id, fields] of entries) void handle(id, fields);
  };
  const readOn = async () => {
    for (;;) await read();
  };
  readOn().catch((error) => {
    if (!closed) throw error;
  });
  return {
    close: async () => {
      closed = true;
      commands.disconnect();
      reader.disconnect();
    },
  };
};

/** RESP3 answers with a map, RESP2 with a list. */
function entriesOf(streams: unknown): [string, [string, string[]][]][] {
  if (streams === null || typeof streams !== 'object') return [];
  return Array.isArray(streams) ? streams : Object.entries(streams);
}

export const connect: Connect = async ({ url }) => {
  const commands = new Redis(url);
  const subscriber = new Redis(url);
  const channel = `floor:${randomUUID()}`;
  const open: Map<number, (value: unknown) => void> = new Map();
  let next = 0;
  subscriber.on('message', (_channel, text) => {
    for (const [call, value] of JSON.parse(text)) {
      open.get(call)?.(value);
      open.delete(call);
    }
  });
  await subscriber.subscribe(channel);

  const add: (entry: {
    call: string;
    to: string;
    pattern: string;
    data: string;
    stored?: () => void;
  }) => void = perTurn((entries) => {
    const pipeline = commands.pipeline();
    for (const { call, to, pattern, data } of entries)
      pipeline.xadd(STREAM, '*', 'i', call, 'r', to, 'p', pattern, 'd', data);
    void pipeline.exec().then(() => entries.forEach(({ stored }) => stored?.()));
  });

  return {
    send: (pattern, data) =>
      new Promise((resolve) => {
        const call = next++;
        open.set(call, resolve);
        add({ call: String(call), to: channel, pattern, data: JSON.stringify(data) });
      }),
    emit: (pattern, data) =>
      new Promise((resolve) => {
        const stored = () => resolve(undefined);
        add({ call: '-', to: '-', pattern, data: JSON.stringify(data), stored });
      }),
    close: async () => {
      commands.disconnect();
      subscriber.disconnect();
    },
  };
};
