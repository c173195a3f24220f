// The Lua scripts as files, for programs in other languages: `npm run docs`. The texts are those that the library
// sends, so the digests are those by which Redis knows them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { Script } from '../libs/redis-stream-transport/src/redis/operations/script.js';
import { repository } from '../tools/repository.js';
import { reachedFrom } from './lua/reached-from.js';

const SOURCES = join(repository, 'libs/redis-stream-transport/src');
/** The folder of the files, in the package. */
const LUA_FOLDER = 'libs/redis-stream-transport/scripts';

/** Where each role begins. A role needs the scripts that it imports on some way. */
const ROLES = {
  client: ['nest/client-redis-streams.ts'],
  service: ['nest/server-redis-streams.ts'],
  contracts: ['contracts/directory/directory.lua.ts'],
  metrics: ['prometheus/index.ts'],
  operator: ['operate/index.ts', 'dead-letters/index.ts'],
} as const;

/** What `manifest.json` says of a script. */
interface ScriptFile {
  readonly name: string;
  readonly file: string;
  /** By which Redis knows it (`EVALSHA`). */
  readonly sha1: string;
  /** Which programs need it. */
  readonly roles: readonly string[];
  /** Names of KEYS, in their order. */
  readonly keys: readonly string[];
  /** Names of ARGV, in their order; `...names` is a list, and comes last. */
  readonly args: readonly string[];
  /** Keys and arguments that follow these, once for each item of a list. */
  readonly each?: { readonly keys: readonly string[]; readonly args: readonly string[] };
  readonly about: string;
  readonly answers: string;
}

/** A script, and what the manifest says of it. */
interface Found {
  readonly said: ScriptFile;
  readonly lua: string;
}

/** The manifest and the scripts: their paths in the repository, and their texts. */
export async function luaFiles(): Promise<Readonly<Record<string, string>>> {
  const found = await scriptFiles();
  const files = found.map(({ said, lua }) => [`${LUA_FOLDER}/${said.file}`, lua]);
  const scripts = found.map(({ said }) => said);
  const manifest = JSON.stringify({ protocol: 1, scripts }, null, 2);
  return Object.fromEntries([[`${LUA_FOLDER}/manifest.json`, manifest], ...files]);
}

/** Files in the folder that belong to no script. */
export function leftLuaFiles(printed: readonly { readonly path: string }[]): string[] {
  const folder = join(repository, LUA_FOLDER);
  const wanted = new Set(printed.map(({ path }) => path));
  return readdirSync(folder)
    .map((file) => join(folder, file))
    .filter((path) => !wanted.has(path));
}

/** Every script that the sources define, in the order of their names. */
async function scriptFiles(): Promise<Found[]> {
  const roles = Object.entries(ROLES).map(([role, from]) => ({
    role,
    files: reachedFrom(from.map((file) => join(SOURCES, file))),
  }));
  const found: Found[] = [];
  for (const path of definingFiles()) {
    const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, Script>>;
    for (const { variable, about, answers } of definitions(path)) {
      const script = module[variable];
      if (script === undefined) throw new Error(`${path} does not export ${variable}`);
      const { name, lua, sha, keys, args, each } = script;
      const said: ScriptFile = {
        ...{ name, file: `${name}.lua`, sha1: sha },
        roles: roles.filter(({ files }) => files.has(path)).map(({ role }) => role),
        ...{ keys, args, ...(each && { each: { keys: each.keys, args: each.args } }) },
        ...{ about, answers },
      };
      found.push({ said, lua });
    }
  }
  return found.sort((a, b) => (a.said.name < b.said.name ? -1 : 1));
}

function definingFiles(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => join(SOURCES, file))
    .filter((path) => readFileSync(path, 'utf8').includes('= defineScript({'));
}

interface Definition {
  readonly variable: string;
  readonly about: string;
  readonly answers: string;
}

/** The scripts of a file, with what their docstrings say. */
function definitions(path: string): Definition[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  return file.statements.flatMap((statement) => {
    if (!ts.isVariableStatement(statement)) return [];
    const [declaration] = statement.declarationList.declarations;
    if (!declaration?.initializer?.getText().startsWith('defineScript(')) return [];
    const [doc] = ts.getJSDocCommentsAndTags(statement);
    const text = ts.getTextOfJSDocComment(doc?.comment) ?? '';
    const paragraphs = text.split(/\n\s*\n/).map((lines) => lines.replaceAll(/\s+/g, ' ').trim());
    const parts = paragraphs.map((paragraph) => paragraph.split(/(?<!\S)(?=Answers\b)/));
    const about = parts.flatMap((of) => of.filter((part) => !part.startsWith('Answers')));
    const answers = parts.flatMap((of) => of.filter((part) => part.startsWith('Answers')));
    const variable = declaration.name.getText();
    return [{ variable, about: joined(about), answers: joined(answers) }];
  });
}

const joined = (parts: readonly string[]): string => parts.map((part) => part.trim()).join(' ');
