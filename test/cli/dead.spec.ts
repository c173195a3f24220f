import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../tools/wait.js';
import { command, commandAt } from '../contracts/command.js';
import { folder } from '../contracts/generated-module.js';
import { TestService } from '../support/test-service.js';

/** Two services in several shards, each with dead letters. */
async function fallen(shards = 5) {
  const service = new TestService();
  const heard: unknown[] = [];
  let broken = true;
  const handler = (data: unknown) => {
    if (broken) throw new TypeError(`cannot take ${JSON.stringify(data)}`);
    heard.push(data);
  };
  const retry = { attempts: 1 };
  for (const group of ['orders', 'mail']) {
    const events = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [`${group}.${name}`, [handler, { retry }] as const]),
    );
    await service.serve({ events }, { group, shards });
  }
  const client = await service.connected({ shards });
  for (const name of ['orders.a', 'orders.b', 'orders.c', 'mail.a']) {
    await client.tell(name, { from: name });
  }
  const dead = (...args: string[]) => command('dead', ...args, '--prefix', service.prefix);
  const lines = async (...args: string[]): Promise<Record<string, unknown>[]> =>
    (await dead('list', '--json', ...args)).out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  await eventually(async () => expect(await lines()).toHaveLength(4));
  return { service, heard, dead, lines, mend: () => (broken = false) };
}

describe('dead list', () => {
  it('finds those of all services and shards, or those that fit', async () => {
    const { dead, lines } = await fallen();
    expect(
      (await lines()).map((one) => [one['service'], one['pattern']].join(' ')).toSorted(),
    ).toEqual(['mail mail.a', 'orders orders.a', 'orders orders.b', 'orders orders.c']);
    const of = async (...args: string[]) => (await lines(...args)).map((one) => one['pattern']);
    expect(await of('--service', 'mail')).toEqual(['mail.a']);
    expect(await of('--pattern', 'orders.b')).toEqual(['orders.b']);
    expect(await of('--reason', 'version')).toEqual([]);
    expect(await of('--since', '1h', '--limit', '2')).toHaveLength(2);
    expect(await of('--until', '2020-01-01T00:00Z')).toEqual([]);
    const { out, code } = await dead('list');
    expect(code).toBe(0);
    expect(out).toMatch(/^id +service +pattern +reason +error\n/);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('counts them by service, pattern and reason', async () => {
    const { dead } = await fallen(1);
    const { out } = await dead('list', '--summary', '--json', '--service', 'mail');
    expect(JSON.parse(out)).toEqual([
      {
        ...{ service: 'mail', pattern: 'mail.a', reason: 'attempts', count: 1 },
        ...{ first: expect.any(Number), last: expect.any(Number) },
      },
    ]);
    expect((await dead('list', '--summary')).out).toMatch(/^mail +mail\.a +attempts +1 /m);
  });

  it('leaves out what no service can be called', async () => {
    const { service, dead, lines } = await fallen(1);
    await service.redis.xadd(service.keys.dead('no service'), '*', 'pattern', 'x');
    expect(await lines()).toHaveLength(4);
    expect((await dead('list')).err).toContain('dead letters of "no service" are left out');
  });
});

describe('dead show', () => {
  it('shows data, headers, error and stack', async () => {
    const { dead, lines } = await fallen();
    const [letter] = await lines('--pattern', 'mail.a');
    const { out } = await dead('show', String(letter?.['id']), '--service', 'mail');
    expect(out).toMatch(/^error +TypeError: cannot take {"from":"mail\.a"}$/m);
    expect(out).toMatch(/^data:\n{\n {2}"from": "mail\.a"\n}\nstack:\nTypeError: cannot take/m);
    const none = await dead('show', '1-1');
    expect(none).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no dead letter'),
    });
  });
});

describe('dead replay', () => {
  it('asks before many, changes nothing in a dry run, and then replays all that fit', async () => {
    const { service, dead, lines, heard, mend } = await fallen();
    mend();
    const args = ['dead', 'replay', '--service', 'orders', '--prefix', service.prefix];
    expect((await command(...args, '--dry-run')).out).toContain('3 would be replayed');
    expect(await command(...args)).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('3 dead letters will be replayed. Say --yes') },
    });
    const questions: string[] = [];
    const answering = (answer: string) => ({
      ask: async (question: string) => {
        questions.push(question);
        return answer;
      },
    });
    expect(await commandAt(answering(''), ...args)).toMatchObject({ code: 1 });
    expect(questions).toEqual(['3 dead letters will be replayed. [y/N] ']);
    expect(await lines()).toHaveLength(4);
    expect(await commandAt(answering('y'), ...args)).toEqual({
      ...{ code: 0, out: 'replayed: 3\n', err: '' },
    });
    await eventually(() => expect(heard).toHaveLength(3));
    expect(await lines()).toHaveLength(1);
    expect(await dead('replay', '--service', 'orders', '--yes')).toMatchObject({
      ...{ code: 1, out: 'no dead letter fits\n' },
    });
  });

  it('wants to be told which', async () => {
    const { dead } = await fallen(1);
    expect(await dead('replay', '--yes')).toMatchObject({ code: 2 });
    expect(await dead('discard', '--dry-run')).toMatchObject({ code: 2 });
  });

  it('goes on after letters that cannot be replayed, and says so', async () => {
    const { service, dead } = await fallen(1);
    const bad = ['stream', 'mail.a', 'pattern', 'mail.a', 'reason', 'malformed', 'd', '1'];
    await service.redis.xadd(service.keys.dead('mail'), '*', ...bad);
    const answer = await dead('replay', '--service', 'mail', '--yes', '--json');
    expect(answer).toMatchObject({ code: 1, err: expect.stringContaining('with new data') });
    expect(JSON.parse(answer.out)).toEqual({ replayed: 1, gone: 0, refused: 1 });
  });
});

describe('dead edit', () => {
  it('replays with other data, from an argument, a file or standard input', async () => {
    const { service, lines, heard, mend } = await fallen();
    mend();
    const file = join(folder(), 'data.json');
    writeFileSync(file, '{"from":"file"}');
    const given = ['{"from":"argument"}', `@${file}`, '-'];
    for (const letter of await lines('--service', 'orders')) {
      const args = ['dead', 'edit', String(letter['id']), '--service', 'orders'];
      const data = ['--data', given.pop() ?? '', '--prefix', service.prefix];
      const terminal = { read: async () => '{"from":"input"}' };
      const dry = await commandAt(terminal, ...args, ...data, '--dry-run');
      expect(JSON.parse(dry.out)).toMatchObject({ dryRun: true, service: 'orders' });
      const answer = await commandAt(terminal, ...args, ...data, '--header', 'by=Ada=1');
      expect(answer).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^replayed as \d+-\d+ /),
      });
    }
    await eventually(() =>
      expect(heard.map((one) => (one as { from: string }).from).toSorted()).toEqual([
        'argument',
        'file',
        'input',
      ]),
    );
  });

  it('refuses what is no JSON, and an edit that changes nothing', async () => {
    const { dead, lines } = await fallen(1);
    const [letter] = await lines();
    const id = String(letter?.['id']);
    const wrong = await dead('edit', id, '--data', 'text');
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('not JSON; quote texts') });
    expect(await dead('edit', id)).toMatchObject({ code: 2 });
    expect(await lines()).toHaveLength(4);
  });
});

describe('dead discard', () => {
  it('deletes those that are named', async () => {
    const { dead, lines } = await fallen();
    const [letter] = await lines('--service', 'mail');
    const answer = await dead('discard', String(letter?.['id']), '--service', 'mail');
    expect(answer).toEqual({ code: 0, out: 'discarded: 1\n', err: '' });
    expect(await lines()).toHaveLength(3);
  });
});
