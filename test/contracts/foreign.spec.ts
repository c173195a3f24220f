import { Controller, Logger } from '@nestjs/common';
import {
  Command,
  Contract,
  type ContractHandlers,
  Discovery,
  Implements,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { directoryOf } from '../../libs/redis-stream-transport/src/contracts/directory/directory-of.js';
import { CommandFailure } from '../../libs/redis-stream-transport/src/redis/failure.js';
import { RedisStreamsError } from 'nestjs-redis-streams';
import { runCommand } from '../../libs/redis-stream-transport/src/cli/run-command.js';
import { TestService } from '../support/test-service.js';
import { where } from './command.js';
import { FilesController } from './files.controller.js';

// What anybody may announce: it hides nothing else, and a terminal does not obey it.

/** Announces something under a name, as somebody would who does not use this library. */
async function announce(service: TestService, name: string, about: unknown, document?: string) {
  const connection = service.redis;
  const key = (rest: string): string => `{${service.prefix}}:${rest}`;
  const until = Date.now() + 60_000;
  await connection.zadd(key('services'), until, name);
  await connection.zadd(key(`instances:${name}`), until, 'stranger');
  const card = JSON.stringify({ group: 'g', document: document && `d-${name}`, about });
  await connection.hset(key(`about:${name}`), 'stranger', `${Date.now()} ${card}`);
  if (document !== undefined) await connection.set(key(`document:d-${name}`), document);
}

const facts = { version: '9.0.0', hash: 'h' };

function linesOf(level: 'warn' | 'error'): string[] {
  const lines: string[] = [];
  const spy = vi.spyOn(Logger.prototype, level).mockImplementation((line) => {
    lines.push(String(line));
  });
  onTestFinished(() => spy.mockRestore());
  return lines;
}

it.each([
  ['text that is no JSON', 'hello'],
  ['another document', '{"openapi":"3.1.0","methods":{"a":null},"hash":"x"}'],
  [
    'a contract with a method that is none',
    '{"name":"a","version":"1","hash":"h","methods":{"a":5},"$defs":{}}',
  ],
  ['nothing', 'null'],
])('discover leaves out a service whose document is %s', async (_, document) => {
  const service = new TestService();
  await service.serveModule({ controllers: [FilesController] });
  await announce(service, 'strange\u001b[31m', facts, document);
  const lines = linesOf('warn');
  const discovery = new Discovery(service.client());
  for (let i = 0; i < 2; i++) {
    const found = await discovery.discover();
    expect(found.map(({ name }) => name)).toEqual(['media.files']);
  }
  const ours = lines.filter((line) => line.includes('strange'));
  expect(ours).toEqual([
    String.raw`strange\u001b[31m is left out of what is served: the document that it announces is no contract`,
  ]);
  await expect(discovery.schema('strange\u001b[31m')).rejects.toMatchObject({ code: 'NOT_SERVED' });
});

it('discover leaves out a service whose keys are of another type', async () => {
  const service = new TestService();
  await service.serveModule({ controllers: [FilesController] });
  await announce(service, 'strange', facts);
  const connection = service.redis;
  await connection.del(`{${service.prefix}}:about:strange`);
  await connection.set(`{${service.prefix}}:about:strange`, 'text');
  const lines = linesOf('warn');
  const found = await new Discovery(service.client()).discover();
  expect(found.map(({ name }) => name)).toEqual(['media.files']);
  expect(lines.join()).toContain('strange is left out');
});

it.each(['BUSY', 'LOADING', 'NOPERM'])(
  'discover rejects, and gives no part of the list, when Redis answers %s about a service',
  async (reply) => {
    const service = new TestService();
    await service.serveModule({ controllers: [FilesController] });
    await announce(service, 'other', facts);
    const client = service.client();
    const directory = directoryOf(client)!;
    const real = directory.instances.bind(directory);
    vi.spyOn(directory, 'instances').mockImplementation((name) => {
      if (name !== 'other') return real(name);
      const cause = new CommandFailure('refused', reply, `${reply} no`);
      throw new RedisStreamsError('REDIS', `the directory: ${reply} no`, { cause });
    });
    const lines = linesOf('warn');
    const discovery = new Discovery(client).discover();
    await expect(discovery).rejects.toMatchObject({ code: 'REDIS', cause: { reply } });
    expect(lines.join()).not.toContain('left out');
  },
);

it('discover rejects when it may not read what one service says', async () => {
  const service = new TestService();
  await service.serveModule({ controllers: [FilesController] });
  await announce(service, 'other', facts);
  const user = `user-${service.prefix}`;
  const rights = [
    `~{${service.prefix}}:[^i]*`,
    `~{${service.prefix}}:instances:media*`,
    '&*',
    '+@all',
  ];
  const connection = service.redis;
  await connection.call('ACL', 'SETUSER', user, 'on', 'nopass', ...rights);
  onTestFinished(async () => void (await connection.call('ACL', 'DELUSER', user)));
  const client = service.client({ username: user, password: 'any' });
  const discovery = new Discovery(client);
  await expect(discovery.discover()).rejects.toMatchObject({
    code: 'REDIS',
    cause: { reply: 'NOPERM' },
  });
  await connection.call('ACL', 'SETUSER', user, '~*');
  const found = await discovery.discover();
  expect(found.map(({ name }) => name)).toEqual(['media.files', 'other']);
});

it('a service that announces no contract at all is still found', async () => {
  const service = new TestService();
  await announce(service, 'plain', { anything: true }, '{"not":"a contract"}');
  const [one] = await new Discovery(service.client()).discover();
  expect(one).toMatchObject({ name: 'plain', version: undefined, methods: [] });
});

@Contract({ name: 'evil', version: '1.0.0', doc: 'Clears\u001b[2J the screen.\nAnd \u202emore.' })
abstract class Evil {
  @Command({ doc: 'Rings\u0007 a bell.' }) ring(a: number): Command<number> {
    return remote(a);
  }
}

@Controller()
@Implements(Evil)
class EvilController implements ContractHandlers<Evil> {
  ring(a: number): number {
    return a;
  }
}

it.each(['typescript', 'asyncapi'])('the command line shows controls, as %s', async (format) => {
  const service = new TestService();
  await service.serveModule({ controllers: [EvilController] });
  await announce(service, 'other\u001b]0;title\u0007', facts);
  let shown = '';
  const terminal = {
    env: {},
    out: (text: string) => void (shown += text),
    err: (text: string) => void (shown += text),
  };
  const run = (name: string) =>
    runCommand(
      ['generate', '--service', name, '--prefix', service.prefix, '--format', format, ...where],
      terminal,
    );
  expect(await run('evil')).toBe(0);
  expect(await run('missing')).toBe(1);
  expect(shown).toContain(String.raw`\u001b`);
  expect(shown).toContain(String.raw`other\u001b]0;title\u0007`);
  // Line ends are the only controls.
  expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
});
