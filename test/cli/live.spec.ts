import { spawnSync, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Live } from '../../libs/redis-stream-transport/src/cli/top/live.js';
import { View, type PressedKey } from '../../libs/redis-stream-transport/src/cli/top/view.js';
import { Screen } from '../../libs/redis-stream-transport/src/cli/screen.js';
import type { ScreenEvents } from '../../libs/redis-stream-transport/src/cli/terminal.js';
import { repository } from '../../tools/repository.js';
import { eventually } from '../../tools/wait.js';
import { command, commandAt, where } from '../contracts/command.js';
import { TestService } from '../support/test-service.js';
import { look } from './looks.js';

/** A whole screen, and somebody at its keys. */
function somebody(columns = 100, rows = 20) {
  const screen = { columns, rows, written: [] as string[], givenBack: 0 };
  let told: ScreenEvents | undefined;
  const take = (events: ScreenEvents) => {
    told = events;
    return Object.assign(screen, {
      write: (more: string) => void screen.written.push(more),
      giveBack: () => void screen.givenBack++,
    });
  };
  return {
    screen,
    take,
    press: (key: PressedKey) => told?.pressed(key),
    events: () => told,
    /** The lines of the last frame. */
    shown: () => stripVTControlCharacters(screen.written.at(-1) ?? '').split('\r\n'),
  };
}

/** `top` of looks that never were. */
function live(looks: () => Promise<ReturnType<typeof look>>) {
  const person = somebody();
  const terminal = { env: {}, columns: 100, out: () => undefined, err: () => undefined };
  const view = new View({ sort: 'oldest' }, undefined);
  const screen = new Screen(terminal);
  const watch = { look: looks };
  const it = new Live({ watch, view, interval: 1, screen, take: person.take });
  return { ...person, done: it.run(), view };
}

const PRICE = { 'orders.price': { added: 1, groups: [{}] } };

describe('top at a terminal', () => {
  it('looks again and again at a service, takes keys, and gives the screen back', async () => {
    const service = new TestService();
    await service.serve({ messages: { quick: (data: unknown) => data, other: () => 1 } });
    const client = await service.connected();
    await client.call('quick');
    const person = somebody();
    const args = ['top', '--interval', '1s', '--prefix', service.prefix];
    const done = commandAt({ wholeScreen: person.take, columns: 100 }, ...args);
    await eventually(() => expect(person.shown().join('\n')).toMatch(/^quick +service +0 /m));
    for (const key of '/qui') person.press({ sequence: key });
    expect(person.shown().join('\n')).not.toMatch(/^other /m);
    person.press({ name: 'return' });
    // Rates need a second look.
    await eventually(() => expect(person.shown().join('\n')).toMatch(/ in\/s +out\/s /));
    person.press({ sequence: 'q' });
    expect(await done).toEqual({ code: 0, out: '', err: '' });
    expect(person.screen.givenBack).toBe(1);
  });

  it('draws anew when the size changes, in no more lines than there are', async () => {
    const { screen, events, shown, press, done } = live(async () => look(0, PRICE));
    await eventually(() => expect(shown()).toHaveLength(20));
    Object.assign(screen, { columns: 50, rows: 10 });
    events()?.resized();
    expect(shown()).toHaveLength(10);
    press({ name: 'c', ctrl: true });
    await done;
  });

  it('holds while it is told to', async () => {
    let looks = 0;
    const { press, done, view } = live(async () => look(++looks, PRICE));
    await eventually(() => expect(looks).toBeGreaterThan(2));
    press({ sequence: ' ' });
    // One look may be on its way.
    await eventually(async () => {
      const before = looks;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(looks).toBe(before);
    });
    press({ sequence: ' ' });
    const before = looks;
    await eventually(() => expect(looks).toBeGreaterThan(before));
    expect(view.isHeld).toBe(false);
    press({ sequence: 'q' });
    await done;
  });

  it('says that a look failed and goes on, but not if the first one did', async () => {
    let looks = 0;
    const failing = live(async () => {
      if (++looks % 2 === 0) throw new Error('no \u001b[2J connection');
      return look(looks, PRICE);
    });
    await eventually(() =>
      expect(failing.screen.written.join('')).toContain(
        String.raw`the last look failed: no \u001b[2J connection`,
      ),
    );
    await eventually(() => expect(looks).toBeGreaterThan(4));
    failing.events()?.ended();
    await failing.done;
    const never = live(() => Promise.reject(new Error('nothing is there')));
    await expect(never.done).rejects.toThrow('nothing is there');
    expect(never.screen.givenBack).toBe(1);
  });

  it('does not wait for a look that takes long', async () => {
    const slow = live(() => new Promise(() => {}));
    slow.press({ sequence: 'q' });
    await slow.done;
    expect(slow.screen.givenBack).toBe(1);
  });

  it('is refused where there is none, without --once or --json', async () => {
    expect(await command('top')).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('say --once') },
    });
  });
});

const python = spawnSync('python3', ['-c', 'import pty']).status === 0;

describe.runIf(python)('top as a process at a terminal', () => {
  const TAKEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
  const BACK = '\u001b[?7h\u001b[?25h\u001b[?1049l';
  const main = join(repository, 'libs/redis-stream-transport/src/cli/main.ts');

  async function at(prefix: string, ...steps: object[]) {
    const top = [process.execPath, '--import', 'tsx', main, 'top', ...where];
    const pty = [join(import.meta.dirname, 'at-terminal.py'), '90', '12', ...top];
    const child = spawn('python3', [...pty, '--prefix', prefix], { cwd: repository });
    child.stdin.end(steps.map((step) => JSON.stringify(step)).join('\n'));
    const ended = new Promise((resolve) => child.on('close', resolve));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(err).toBe('');
    return { out, code: await ended };
  }

  it('fits the screen, takes keys and sizes, and gives the screen back', async () => {
    const service = new TestService();
    await service.serve({ messages: { quick: (data: unknown) => data } });
    const { out, code } = await at(
      service.prefix,
      { until: 'quick' },
      { size: [60, 9] },
      { until: 'quick' },
      { type: '/nothing\r' },
      { until: 'filter "nothing"' },
      { type: 'q' },
    );
    expect(code).toBe(0);
    expect(out.startsWith(TAKEN)).toBe(true);
    expect(out.endsWith(BACK)).toBe(true);
    const frames = out.split('\u001b[H').map((frame) => frame.split('\r\n').length);
    expect(new Set(frames)).toEqual(new Set([1, 12, 9]));
  });

  it('gives the screen back when it is told to end, and says why it failed on the one that stays', async () => {
    const service = new TestService();
    const ended = await at(service.prefix, { until: 'no streams' }, { signal: 15 });
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining(BACK) });
    const failed = await at('a{b');
    expect(failed.code).toBe(2);
    expect(failed.out).toContain('nestjs-redis-streams: ');
  });
});
