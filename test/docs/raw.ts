import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { Place } from '../support/place.js';

// What docs/protocol.md says, spelt out with raw commands. Nothing of the library is used here.

/**
 * A connection that sends what it is told, word for word, and is closed when the test ends. In a Cluster it is one to the
 * owner of the keys with this prefix, as the protocol says.
 */
export function connect(prefix: string): Redis {
  // RESP2 shapes, as every Redis client knows them.
  const redis = new Redis(new Place({ prefix }).url, { protocol: 2 });
  onTestFinished(() => redis.disconnect());
  return redis;
}

/** Sends a command as it would be typed: the words of `line`, then arguments that may hold anything. */
export const say = (redis: Redis, line: string, ...rest: string[]): Promise<unknown> => {
  const [name, ...words] = line.split(' ') as [string, ...string[]];
  return redis.call(name, ...words, ...rest);
};

export const entriesOf = async (redis: Redis, key: string): Promise<RawEntry[]> =>
  (await say(redis, `XRANGE ${key} - +`)) as RawEntry[];

export type Fields = Record<string, string>;

/** `[field, value, field, value]` as an object. */
export function fieldsOf(flat: readonly string[]): Fields {
  const fields: Fields = {};
  for (let i = 0; i < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string;
  return fields;
}

export type RawEntry = [id: string, flat: string[]];

/** The kinds of replies. */
export const KIND = { next: 0, last: 1, done: 2, error: 3, fault: 4 } as const;

export type Reply = [
  call: string,
  kind: number,
  deliveries: number,
  nonce: number,
  index: number,
  payload?: unknown,
  headers?: Fields,
];

export interface Frame {
  readonly version: string;
  readonly instance: string;
  readonly replies: Reply[];
}

/** `1 instance [[…],[…]]` */
export function parseFrame(text: string): Frame {
  const [version, instance] = text.split(' ', 2) as [string, string];
  const body = text.slice(version.length + instance.length + 2);
  return { version, instance, replies: JSON.parse(body) as Reply[] };
}

/** A caller as one would write it in another language: SUBSCRIBE, XADD, collect the replies. */
export class RawCaller {
  readonly id = randomBytes(16).toString('base64url');
  readonly log: string;
  /** Each message as it came: the id of its record in the reply log, and the frame. */
  readonly messages: { id: string; text: string }[] = [];
  private calls = 0;

  private constructor(
    readonly commands: Redis,
    readonly prefix: string,
  ) {
    this.log = `{${prefix}}:r:${this.id}`;
  }

  static async open(prefix: string): Promise<RawCaller> {
    const caller = new RawCaller(connect(prefix), prefix);
    const subscriber = connect(prefix);
    let announced = '';
    subscriber.on('smessage', (_channel: string, message: string) => {
      const space = message.indexOf(' ');
      if (space === -1) announced = message;
      else if (message.startsWith('1 ')) caller.messages.push({ id: announced, text: message });
      else caller.messages.push({ id: message.slice(0, space), text: message.slice(space + 1) });
    });
    // Before the first request, so that no reply can be missed.
    await subscriber.ssubscribe(caller.log);
    return caller;
  }

  /** Adds a request and returns its call id and the id of its entry. */
  async request(
    pattern: string,
    data: string,
    more: { line?: (call: string) => string; fields?: string[] } = {},
  ): Promise<{ call: string; entry: string }> {
    const call = String(++this.calls);
    const line = more.line?.(call) ?? `1 json ${call} ${this.id} 10000`;
    const stream = `{${this.prefix}}:s:${pattern}`;
    const fields = ['c', line, 'd', data, ...(more.fields ?? [])];
    const entry = await say(this.commands, `XADD ${stream} *`, ...fields);
    return { call, entry: entry as string };
  }

  /** Replies of a call that have arrived, in the order of their index. */
  replies(call: string): Reply[] {
    return this.messages
      .flatMap(({ text }) => parseFrame(text).replies)
      .filter((reply) => reply[0] === call)
      .toSorted((one, other) => one[4] - other[4]);
  }

  /** Waits until the call has its last reply, and returns all of them. */
  async answer(call: string): Promise<Reply[]> {
    await eventually(() => {
      expect(this.replies(call).some(([, kind]) => kind !== KIND.next)).toBe(true);
    });
    return this.replies(call);
  }
}
