import { createHash } from 'node:crypto';
import { CommandFailure } from '../failure.js';
import type { Link } from '../link.js';

/**
 * The names of keys or arguments of a script, in their order. `...ids` is a list, and comes last. The text of the
 * script begins with locals of these names, so Lua and TypeScript use the same names.
 */
export type Names = readonly string[];

/** A group of keys and arguments that a script is given several times. Lua gets a list of tables with these names. */
export interface Each {
  readonly name: string;
  readonly keys: Names;
  readonly args: Names;
}

/** A Lua script: its text, the digest by which Redis knows it, and the names of its keys and arguments. */
export interface Script<
  Keys extends Names = Names,
  Args extends Names = Names,
  Per extends Each | undefined = Each | undefined,
> {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
  readonly keys: Keys;
  readonly args: Args;
  readonly each: Per;
}

/** A value for a script. A number is sent as digits, a boolean as 0 or 1. */
export type Value = string | number | boolean;

/** A value for each name, and an array for a list. */
export type Named<N extends string> = {
  readonly [Name in N as Name extends `...${infer List}` ? List : Name]: Name extends `...${string}`
    ? readonly Value[]
    : Value;
};

/** The values that a script needs, by name. */
export type Given<Keys extends Names, Args extends Names, Per extends Each | undefined> = Named<
  Keys[number] | Args[number]
> &
  (Per extends Each
    ? {
        readonly [Name in Per['name']]: readonly Named<Per['keys'][number] | Per['args'][number]>[];
      }
    : unknown);

/**
 * The arguments of EVALSHA for a script of the hot path, which makes no object with names: the digest, the number of
 * keys, a text for each of its named keys, and everything else.
 */
export type Line<S extends Script> = [
  sha: string,
  count: string,
  ...keys: Texts<S['keys']>,
  ...rest: string[],
];

type Texts<N extends Names> = { -readonly [I in keyof N]: string };

/** What `defineScript` needs. */
export interface Definition<Keys extends Names, Args extends Names, Per extends Each | undefined> {
  readonly name: string;
  readonly keys: Keys;
  readonly args: Args;
  /** Keys and arguments that follow these, once for each item of a list. */
  readonly each?: Per;
  /** `allow-oom`: the script also runs when memory is full. */
  readonly flags?: 'allow-oom';
  readonly lua: string;
}

export function defineScript<
  const Keys extends Names,
  const Args extends Names,
  const Per extends Each | undefined = undefined,
>(definition: Definition<Keys, Args, Per>): Script<Keys, Args, Per> {
  const { name, keys, args, each, flags, lua } = definition;
  const head = flags === undefined ? '' : `#!lua flags=${flags}\n`;
  const text = `${head}${locals(keys, args, each)}${lua.trim()}`;
  const sha = createHash('sha1').update(text).digest('hex');
  return { name, lua: text, sha, keys, args, each: each as Per };
}

/** What sends a command and resolves with its answer, or rejects with a `CommandFailure`. */
export type Sender = Pick<Link, 'command'>;

/** Runs a script by its digest and, if Redis does not know it, by its text. */
export function run<Keys extends Names, Args extends Names, Per extends Each | undefined>(
  link: Sender,
  script: Script<Keys, Args, Per>,
  given: NoInfer<Given<Keys, Args, Per>>,
): Promise<unknown> {
  const { keys, args, each } = script;
  const all = given as Values;
  const items = each === undefined ? [] : (all[each.name] as unknown as readonly Values[]);
  const line = [script.sha, ''];
  push(line, keys, all);
  for (const item of items) push(line, each?.keys ?? [], item);
  line[1] = String(line.length - 2);
  push(line, args, all);
  for (const item of items) push(line, each?.args ?? [], item);
  return send(link, script, line);
}

/** The same with a line that is ready. */
export function send(link: Sender, script: Script, line: string[]): Promise<unknown> {
  return link.command('evalsha', line).catch((error: unknown) => {
    if (!(error instanceof CommandFailure) || error.reply !== 'NOSCRIPT') throw error;
    return link.command('eval', line.with(0, script.lua));
  });
}

/** Loads the scripts of the hot path into Redis, so that their first use does not fail with NOSCRIPT. */
export async function load(link: Link, scripts: readonly Pick<Script, 'lua'>[]): Promise<void> {
  await Promise.all(scripts.map(({ lua }) => link.command('script', ['load', lua])));
}

type Values = Readonly<Record<string, Value | readonly Value[]>>;

function push(line: string[], names: Names, given: Values): void {
  for (const name of names) {
    if (name.startsWith('...')) {
      for (const value of given[name.slice(3)] as readonly Value[]) line.push(textOf(value));
    } else {
      line.push(textOf(given[name] as Value));
    }
  }
}

function textOf(value: Value): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? value : String(value);
}

/** Lua that gives KEYS and ARGV their names. */
function locals(keys: Names, args: Names, each: Each | undefined): string {
  const lines = [...namesOf('KEYS', keys), ...namesOf('ARGV', args)];
  if (each !== undefined) {
    const { name } = each;
    const [of, first, most] =
      each.keys.length > 0 ? ['KEYS', keys, each.keys] : ['ARGV', args, each.args];
    const fields = [
      ...fieldsOf('KEYS', keys.length, each.keys),
      ...fieldsOf('ARGV', args.length, each.args),
    ];
    lines.push(
      `local ${name} = {}`,
      `for i = 1, (#${of} - ${first.length}) / ${most.length} do ${name}[i] = { ${fields.join(', ')} } end`,
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}

function namesOf(table: string, names: Names): string[] {
  const lists = names.filter((name) => name.startsWith('...'));
  const single = names.slice(0, names.length - lists.length);
  const lines: string[] = [];
  if (single.length > 0) {
    const values = single.map((_, i) => `${table}[${i + 1}]`);
    lines.push(`local ${single.join(', ')} = ${values.join(', ')}`);
  }
  const list = lists[0]?.slice(3);
  if (list === undefined) return lines;
  const before = single.length;
  return [
    ...lines,
    `local ${list} = {}`,
    `for i = ${before + 1}, #${table} do ${list}[i - ${before}] = ${table}[i] end`,
  ];
}

function fieldsOf(table: string, before: number, names: Names): string[] {
  const step = names.length;
  return names.map((name, i) => `${name} = ${table}[${before + 1 + i} + ${step} * (i - 1)]`);
}
