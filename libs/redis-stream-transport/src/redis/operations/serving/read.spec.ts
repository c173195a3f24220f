import { EventEmitter } from 'node:events';
import { Keys } from '../../../protocol/keys.js';
import type { Connection } from '../../connect.js';
import type { Link } from '../../link.js';
import type { GroupPlace } from '../place.js';
import { readGroup } from './read.js';

/** A connection whose ioredis understands lines only: lists reach it only if they are not read before it. */
function setup() {
  const sent: string[] = [];
  const answered: ((answer: unknown) => void)[] = [];
  const stream = Object.assign(new EventEmitter(), {
    cork: () => sent.push('cork'),
    uncork: () => sent.push('uncork'),
  });
  stream.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\r\n').slice(0, -1))
      answered.shift()?.(line.slice(1));
  });
  const link: Pick<Link, 'current' | 'command'> = {
    current: { stream } as unknown as Connection,
    command: (name) => {
      sent.push(name);
      return new Promise((resolve) => answered.push(resolve));
    },
  };
  const read = (packs: boolean) =>
    readGroup({ keys: new Keys('p', 0, 1), group: 'g' } as GroupPlace, link as Link, {
      ...{ consumer: 'c', streams: ['s'], count: 2, block: 0, packs },
    });
  const say = (text: string) => stream.emit('data', Buffer.from(text));
  return { read, say, sent };
}

const ANSWER = '%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nd\r\n$1\r\n5\r\n';
const READ = [{ stream: 's', entries: [{ id: '1-0', fields: ['d', '5'] }] }];

it('reads the answer before ioredis does, and writes a read alone as it is', async () => {
  const { read, say, sent } = setup();
  const reading = read(false);
  say(ANSWER);
  expect(await reading).toEqual({ read: READ, seen: undefined });
  expect(sent).toEqual(['xreadgroup']);
});

it('asks for the watermark in the same write', async () => {
  const { read, say, sent } = setup();
  const reading = read(true);
  expect(sent).toEqual(['cork', 'xreadgroup', 'hmget', 'uncork']);
  say(`${ANSWER}+none\r\n`);
  expect(await reading).toEqual({ read: READ, seen: { incarnation: '', look: 0 } });
});
