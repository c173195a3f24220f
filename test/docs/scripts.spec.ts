import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { repository } from '../../tools/repository.js';
import { TestService } from '../support/test-service.js';
import { connect, entriesOf, KIND, RawCaller, say } from './raw.js';

// The scripts as another language has them: the files and the manifest of the package, and docs/protocol.md.

interface Said {
  readonly name: string;
  readonly file: string;
  readonly sha1: string;
  readonly roles: readonly string[];
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly each?: { readonly keys: readonly string[]; readonly args: readonly string[] };
  readonly about: string;
  readonly answers: string;
}

const FOLDER = join(repository, 'libs/redis-stream-transport/scripts');
const { protocol, scripts } = JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8')) as {
  protocol: number;
  scripts: readonly Said[];
};
const textOf = ({ file }: Said): string => readFileSync(join(FOLDER, file), 'utf8');
const named = (name: string): Said => scripts.find((script) => script.name === name) as Said;

/** Runs a script as its file has it: values for the names that the manifest lists. */
function evaluate(redis: Redis, name: string, given: Record<string, string | string[]>) {
  const script = named(name);
  const values = (names: readonly string[]): string[] =>
    names.flatMap((said) => given[said.replace('...', '')] as string | string[]);
  const keys = values(script.keys);
  return redis.eval(textOf(script), keys.length, ...keys, ...values(script.args));
}

@Controller()
class Sums {
  @MessagePattern('scripts.sum')
  sum([a, b]: [number, number]): number {
    return a + b;
  }
}

describe('the files of the scripts', () => {
  test('have one name, one file and one digest each', () => {
    expect(protocol).toBe(1);
    for (const of of ['name', 'file', 'sha1'] as const) {
      expect(new Set(scripts.map((script) => script[of])).size).toBe(scripts.length);
    }
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.lua'));
    expect(files.toSorted()).toEqual(scripts.map(({ file }) => file).toSorted());
    for (const script of scripts) {
      expect(createHash('sha1').update(textOf(script)).digest('hex')).toBe(script.sha1);
    }
  });

  test('are known to Redis by these digests', async () => {
    const redis = connect('nrs');
    for (const script of scripts) {
      expect(await redis.script('LOAD', textOf(script))).toBe(script.sha1);
    }
  });

  test('are described: what each does, answers, is given, and who needs it; the page names each', () => {
    for (const { name, about, answers, roles, keys, args, each } of scripts) {
      expect(about, name).toMatch(/^[A-Z].*\.\)?$/);
      expect(answers, name).toMatch(/^Answers? /);
      expect(roles, name).not.toEqual([]);
      expect(keys.length + args.length + (each?.keys.length ?? 0), name).toBeGreaterThan(0);
    }
    const page = readFileSync(join(repository, 'docs/protocol.md'), 'utf8');
    const ofOthers = new Set(['client', 'service', 'contracts']);
    const wanted = scripts.filter(({ roles }) => roles.some((role) => ofOthers.has(role)));
    const unnamed = wanted.filter(({ name }) => !page.includes(`\`${name}\``));
    expect(unnamed.map(({ name }) => name)).toEqual([]);
    const ofClients = scripts.filter(({ roles }) => roles.includes('client'));
    expect(ofClients.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['hello', 'attach', 'enqueue', 'decide', 're-ask', 'close-number']),
    );
    expect(ofClients.map(({ name }) => name)).not.toContain('settle');
  });
});

describe('a caller with the files alone', () => {
  test('sends a numbered batch, and a repeat adds nothing', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [Sums] });
    const caller = await RawCaller.open(service.prefix);
    const { commands, prefix, log } = caller;
    const incarnation = `{${prefix}}:incarnation`;
    const [id, , now] = (await evaluate(commands, 'hello', {
      incarnation,
      fresh: 'x',
    })) as string[];
    await evaluate(commands, 'attach', { log, life: '60000' });
    const stream = `{${prefix}}:s:scripts.sum`;
    const keys = [`{${prefix}}:caller:${caller.id}`, incarnation, log];
    const line = `1 json 7 ${caller.id} 10000`;
    const section = ['1', '0', '1', line, '[1,2]'];
    const args = [
      '1',
      '1',
      '0',
      id,
      now,
      '2000',
      '600000',
      '1000000',
      '',
      '1',
      ...section,
    ] as string[];
    const send = () =>
      commands.eval(
        ...([
          textOf(named('enqueue')),
          5,
          ...keys,
          stream,
          `{${prefix}}:live:scripts.sum`,
        ] as const),
        ...args,
      );
    expect(named('enqueue').args).toHaveLength(10);
    expect(await send()).toMatch(/^ok \d+ 0 \d+-\d+:1$/);
    const [reply] = await caller.answer('7');
    expect(reply?.[1]).toBe(KIND.last);
    expect(reply?.[5]).toBe(3);
    expect(await send()).toMatch(/^done \d+ 0 \d+-\d+:1$/);
    expect(await entriesOf(commands, stream)).toEqual([]);
    expect(await say(commands, `XLEN ${log}`)).toBe(2);
  });
});
