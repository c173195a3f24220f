import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { repository } from '../../tools/repository.js';
import { connect } from '../docs/raw.js';
import { uniquePrefix } from '../support/place.js';

// The transcripts of spec/transcripts, said to a real Redis with the scripts as files.

type Answer = string | number | null | readonly Answer[];

type Step = { readonly answer?: Answer } & (
  | { readonly command: readonly string[] }
  | { readonly script: string; readonly keys: readonly string[]; readonly args: readonly string[] }
);

interface Transcript {
  readonly name: string;
  readonly steps: readonly Step[];
}

const NAME = /<(\w+)>/g;
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const scripts = join(repository, 'libs', 'redis-stream-transport', 'scripts');

function transcriptsOf(file: string): readonly Transcript[] {
  const text = readFileSync(join(repository, 'spec', 'transcripts', file), 'utf8');
  return (JSON.parse(text) as { transcripts: Transcript[] }).transcripts;
}

/** What the names stand for. */
class Names {
  private readonly known: Map<string, string>;

  constructor(tag: string) {
    this.known = new Map([['tag', tag]]);
  }

  filled(text: string): string {
    return text.replace(NAME, (_, name: string) => {
      const value = this.known.get(name);
      return value ?? `<${name}>`;
    });
  }

  /** The names that a text has first stand for what is answered there. */
  learn(text: string, answered: string): void {
    const names: string[] = [];
    const form = text
      .split(/(<\w+>)/)
      .map((part) => {
        const name = /^<(\w+)>$/.exec(part)?.[1];
        if (name === undefined) return escaped(part);
        const value = this.known.get(name);
        if (value !== undefined) return escaped(value);
        names.push(name);
        return '([^ :]*)';
      })
      .join('');
    const found = new RegExp(`^${form}$`, 's').exec(answered);
    names.forEach((name, i) => {
      const value = found?.[i + 1];
      if (value !== undefined) this.known.set(name, value);
    });
  }
}

/** An answer with its numbers as texts. */
function texts(answered: unknown): unknown {
  if (Array.isArray(answered)) return answered.map(texts);
  return typeof answered === 'number' ? String(answered) : answered;
}

/** Learns from what was answered, and says what it should have been. */
function expected(answer: Answer, answered: unknown, names: Names): unknown {
  if (Array.isArray(answer)) {
    const list = Array.isArray(answered) ? (answered as unknown[]) : [];
    return (answer as readonly Answer[]).map((one, i) => expected(one, list[i], names));
  }
  if (answer === null) return null;
  if (typeof answered === 'string') names.learn(String(answer), answered);
  return names.filled(String(answer));
}

function say(redis: Redis, step: Step, names: Names): Promise<unknown> {
  if ('command' in step) {
    const [name = '', ...words] = step.command.map((word) => names.filled(word));
    return redis.call(name, ...words);
  }
  const text = readFileSync(join(scripts, `${step.script}.lua`), 'utf8');
  const keys = step.keys.map((key) => names.filled(key));
  return redis.eval(text, keys.length, ...keys, ...step.args.map((word) => names.filled(word)));
}

describe.each(['enqueue.json', 'settling.json', 'giving-up.json'])('%s', (file) => {
  test.each(transcriptsOf(file))('$name', async ({ steps }) => {
    const prefix = uniquePrefix();
    const redis = connect(prefix);
    const names = new Names(`{${prefix}}`);
    for (const [i, step] of steps.entries()) {
      const answered = texts(await say(redis, step, names));
      if (step.answer === undefined) continue;
      expect(answered, `step ${i + 1}`).toEqual(expected(step.answer, answered, names));
    }
  });
});
