import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { callerId } from '../../support/brokers.js';

// Rows F, G and H of docs/faults.md that no other file is about.

describe('F3 F7 H2 frames that no call waits for', () => {
  it('a reply that comes twice counts once, one for an unknown call not at all', async () => {
    const service = new TestService();
    const gate = new Gate();
    await service.serve({ messages: { work: async () => gate.opened.then(() => 'true') } });
    const client = await service.connected();
    let late = 0;
    client.on('reply.late', () => late++);
    const call = client.call('work');
    await eventually(async () => expect(await service.pending('work')).toBe(1));
    const log = service.keys.log(client.callerId);
    // Whoever does not know the 128 random bits of the caller can only guess; garbage changes nothing.
    for (const text of [
      '',
      'x',
      '0-1 1 me [',
      '0-1 1 me [["999",1,1,1,0,"forged"]]',
      '0-1 2 me []',
    ]) {
      await service.redis.spublish(log, text);
    }
    gate.open();
    expect(await call).toBe('true');
    const [frame] = (await service.redis.xrevrange(log, '+', '-', 'COUNT', 1)).map(
      ([id, fields]) => `${id} ${fields[1]}`,
    );
    await service.redis.spublish(log, frame!);
    await service.redis.spublish(log, frame!);
    expect(await client.call('work')).toBe('true');
    const { pending } = (client as never as { producer: Record<string, number> }).producer;
    expect(late).toBeGreaterThanOrEqual(3);
    expect(pending).toBe(0);
  });

  it('call ids and caller ids are not guessable from each other', async () => {
    const service = new TestService();
    const clients = await Promise.all(range(20).map(() => service.connected()));
    const ids = clients.map(({ callerId: id }) => id);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new Set(ids.map((id) => id.slice(0, 6))).size).toBe(20);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('F7 replies for a caller that died expire by themselves', async () => {
    const service = new TestService();
    const gate = new Gate();
    await service.serve({ messages: { work: () => gate.opened } });
    const dead = callerId();
    await service.redis.xadd(
      service.keys.stream('work'),
      '*',
      ...['c', `1 json 1 ${dead} 60000`, 'd', '1'],
    );
    gate.open();
    await eventually(async () => expect(await service.redis.xlen(service.keys.log(dead))).toBe(1));
    const life = await service.redis.pttl(service.keys.log(dead));
    expect(life).toBeGreaterThan(0);
    // The call's timeout and half a minute, and five seconds so that it is not extended with each frame.
    expect(life).toBeLessThanOrEqual(95_000);
  });
});

describe('H3 an entry that names a place to write to', () => {
  it.each(['../../other', '{other}:r:AbCdEfGhIjKlMnOp', 'short', 'with:colon:in:it:0000', '*'])(
    'as its caller (%s) is a dead letter, and nothing is written there',
    async (caller) => {
      const service = new TestService();
      const ran: unknown[] = [];
      await service.serve({ messages: { work: (data: unknown) => ran.push(data) } });
      const before = await service.keysLike('*');
      await service.redis.xadd(
        service.keys.stream('work'),
        '*',
        ...['c', `1 json 1 ${caller} 60000`, 'd', '1', 'reply', 'other', 'channel', 'other'],
      );
      await eventually(async () =>
        expect(await service.deadLetters()).toMatchObject([{ reason: 'malformed' }]),
      );
      expect(ran).toEqual([]);
      const mine = (keys: string[]): string[] =>
        keys.filter((key) => !key.includes(service.prefix));
      const strange = mine(await service.keysLike('*')).filter((key) => key.includes(caller));
      expect(strange.filter((key) => !before.includes(key))).toEqual([]);
      expect(await service.keysLike(`{${service.prefix}}:r:*`)).toEqual([]);
    },
  );
});

describe('H4 a captured entry that is added again', () => {
  it('gives its caller no second answer, while it waits or afterwards', async () => {
    const service = new TestService();
    const gate = new Gate();
    const ran = new Tally();
    const work = async (key: string) => {
      ran.add(key);
      await gate.opened;
      return `${key} ${ran.total}`;
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const answers: unknown[] = [];
    client.send('work', 'once').subscribe((value) => answers.push(value));
    await eventually(() => expect(ran.total).toBe(1));
    const [[, fields]] = (await service.redis.xrange(service.keys.stream('work'), '-', '+')) as [
      [string, string[]],
    ];
    await service.redis.xadd(service.keys.stream('work'), '*', ...fields);
    await eventually(() => expect(ran.total).toBe(2));
    gate.open();
    await eventually(() => expect(answers).toHaveLength(1));
    await service.redis.xadd(service.keys.stream('work'), '*', ...fields);
    await eventually(() => expect(ran.total).toBe(3));
    await eventually(async () => expect(await service.length('work')).toBe(0));
    expect(await client.call('work', 'another')).toBe('another 4');
    expect(answers).toHaveLength(1);
  });
});

describe('H6 what a failure tells', () => {
  it('errors of the transport have no stack, path or address in replies, and letters have it in one field', async () => {
    const service = new TestService();
    await service.serve(
      {
        messages: { work: () => 1n },
        events: {
          happened: () => {
            throw new Error('why');
          },
        },
      },
      {
        retry: { attempts: 1 },
      },
    );
    const client = await service.connected();
    const unsendable = await client.failure('work');
    expect(unsendable).toMatchObject({ code: 'INVALID_MESSAGE' });
    const port = new URL(service.url).port;
    expect(JSON.stringify(unsendable)).not.toMatch(new RegExp(`node_modules|:${port}|\\.ts`));
    await client.tell('happened', 1);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.deadLetters();
    expect(letter!['error']).toBe('why');
    // For operators alone, and in a field of its own.
    const { 'error-stack': stack, ...others } = letter!;
    expect(stack).toContain('abuse.spec.ts');
    expect(JSON.stringify(others)).not.toMatch(/node_modules|\.ts:|stack/);
  });
});
