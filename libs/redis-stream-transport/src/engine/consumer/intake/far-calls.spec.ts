import { shardContext } from '../../../../../../test/support/shard-context.js';
import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { Keys } from '../../../protocol/keys.js';
import type { Link } from '../../../redis/link.js';
import { FarCalls } from './far-calls.js';
import { PatternState, type PatternSpec } from './pattern-state.js';
import { StreamState } from './stream-state.js';

/** Looks every 100 ms at a stream in which a nested call stands too far back. */
function looks(concurrency: number | undefined, refusable: number) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const stream = new StreamState('work');
  const pattern = new PatternState({ pattern: 'work', concurrency, answers: true } as PatternSpec);
  stream.patterns.set('work', pattern);
  const room = {
    parkable: 0,
    progress: 0,
    allWait: true,
    refused: 0,
    refuseWaiting: () => refusable,
  };
  const header = `1 json 7 ${'c'.repeat(22)} 1000 depth=1`;
  const asked: string[] = [];
  const link = {
    command: async (name: string) => {
      asked.push(name);
      return name === 'xrange' ? [['2-0', ['c', header, 'd', '1']]] : 'ok';
    },
  };
  const context = shardContext({
    clock,
    options: { replyTtl: 1000, maxPayloadBytes: 1000 },
    logger: { error: (_, line) => lines.push(line) },
  });
  const far = new FarCalls(context, link as unknown as Link, new Keys('nrs', 0, 1), room);
  /** Milliseconds until something was refused or read. */
  const until = async (done: () => boolean): Promise<number> => {
    const begun = clock.now();
    while (!done() && clock.now() - begun < 10_000) {
      await far.unlock([stream]);
      far.noted(stream, '1-0');
      clock.pass(100);
    }
    return clock.now() - begun;
  };
  return { far, stream, pattern, room, lines, asked, until };
}

describe('a call made inside a handler that stands too far back', () => {
  it('is reached within a second, if all slots are locked, by refusing what stands before it', async () => {
    const { until, lines, asked } = looks(undefined, 5);
    expect(await until(() => lines.length > 0)).toBeLessThan(1000);
    expect(lines[0]).toMatch(/far back in work: 5 calls before them were refused \(OVERLOADED\)/);
    expect(asked).toEqual([]);
  });

  it('is refused within a second if what stands before it cannot be refused', async () => {
    const { until, lines, asked } = looks(undefined, 0);
    expect(await until(() => lines.length > 1)).toBeLessThan(1000);
    expect(asked).toEqual(['xrange', 'evalsha']);
    expect(lines[1]).toMatch(/a call of work .* far back in work.* was refused \(OVERLOADED\)/);
  });

  it('is refused within a second if only the places of its pattern are locked', async () => {
    const { until, lines, pattern, room } = looks(1, 5);
    pattern.running = 1;
    pattern.lends(0, 1);
    const begun = until(() => lines.length > 0);
    room.progress++;
    expect(await begun).toBeLessThan(1000);
    expect(lines).toEqual([expect.stringMatching(/a call of work .* was refused/)]);
  });

  it('is left alone as long as a handler begins, ends or does not wait', async () => {
    const { until, lines, room } = looks(undefined, 5);
    const moving = until(() => room.progress++ > 50);
    await moving;
    room.allWait = false;
    await until(() => false);
    expect(lines).toEqual([]);
  });
});
