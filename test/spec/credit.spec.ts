import { SendWindow } from '../../libs/redis-stream-transport/src/engine/consumer/run/send-window.js';
import {
  parseCredit,
  type WindowSize,
} from '../../libs/redis-stream-transport/src/protocol/credit.js';
import { parseHeader, type Header } from '../../libs/redis-stream-transport/src/protocol/header.js';
import { vectorsOf } from './vectors.js';

interface Step {
  readonly send?: readonly number[];
  readonly credit?: readonly [asked: number, taken: number];
  readonly open?: boolean;
}

interface Vector {
  readonly name: string;
  readonly line?: string;
  readonly window?: WindowSize | null;
  readonly notice?: string;
  readonly reads?: unknown;
  readonly first?: number;
  readonly steps?: readonly Step[];
}

const vectors = vectorsOf<Vector>('credit.json');

test.each(vectors.filter(({ line }) => line !== undefined))('$name', ({ line, window }) => {
  expect((parseHeader(line!) as Header).window ?? null).toEqual(window);
});

test.each(vectors.filter(({ notice }) => notice !== undefined))('$name', ({ notice, reads }) => {
  const read = parseCredit(notice!);
  const runs = read?.runs.map(({ nonce, asked, taken }) => [nonce, asked, taken]);
  expect(read === undefined ? null : { caller: read.caller, runs }).toEqual(reads);
});

test.each(vectors.filter(({ steps }) => steps !== undefined))(
  '$name',
  ({ window, first, steps }) => {
    const one = new SendWindow(window!, first!);
    const opens: boolean[] = [];
    for (const { send = [], credit, open } of steps!) {
      for (const length of send) {
        one.give();
        one.sent(length);
      }
      if (credit !== undefined) one.credit({ asked: credit[0], taken: credit[1] });
      if (open !== undefined) opens.push(one.isOpen);
    }
    expect(opens).toEqual(steps!.flatMap(({ open }) => open ?? []));
  },
);
