import { join } from 'node:path';
import { filesUnder, read, SOURCES } from './source-tree.js';
import {
  defineScript,
  type Script,
} from '../../libs/redis-stream-transport/src/redis/operations/script.js';

// What is given to a script is named once, and both sides use the names.

const folder = 'redis/operations';
const files = filesUnder(join(SOURCES, folder));
const loaded = await Promise.all(
  files.map((file) => import(/* @vite-ignore */ join(SOURCES, folder, file)) as Promise<object>),
);
const scripts = loaded
  .flatMap((module) => Object.values(module))
  .filter((value): value is Script => typeof (value as Partial<Script>).sha === 'string');

/** The text behind the locals that `defineScript` writes. */
function own({ keys, args, each, lua }: Script): string {
  const locals = defineScript({ name: '', keys, args, each, lua: '' }).lua;
  expect(lua).toContain(locals);
  return lua.replace(/^#!.*\n/, '').slice(locals.length);
}

const namesOf = ({ keys, args, each }: Script): string[] =>
  [...keys, ...args, ...(each === undefined ? [] : [each.name])].map((name) =>
    name.replace('...', ''),
  );

it('finds the scripts of all operations', () => {
  const defined = files.flatMap((file) => [
    ...read(SOURCES, folder, file).matchAll(/= defineScript\(\{/g),
  ]);
  expect(scripts.length).toBe(defined.length);
  const names = scripts.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

it.each(scripts)('$name uses what it is given, by name', (script) => {
  const text = own(script);
  const unused = namesOf(script).filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
  expect(unused).toEqual([]);
  const ofEach = [...(script.each?.keys ?? []), ...(script.each?.args ?? [])];
  expect(ofEach.filter((name) => !text.includes(`.${name}`))).toEqual([]);
  expect(/(?:KEYS|ARGV)\[\d+\]/.exec(text)?.[0]).toBeUndefined();
});

it.each(scripts)('$name hides nothing that it is given', (script) => {
  const functions = [...own(script).matchAll(/^local function (\w+)/gm)].map(([, name]) => name!);
  const names = namesOf(script);
  expect(names).toEqual([...new Set(names)]);
  expect(functions.filter((name) => names.includes(name))).toEqual([]);
});
