import type { Each, Names, Script } from '../../redis/operations/script.js';
import type { Store } from './store.js';

/** What a script answers, as a client of Redis sees it. */
export type Answer = string | number | null | readonly Answer[];

type Texts<N extends string> = {
  readonly [Name in N as Name extends `...${infer List}` ? List : Name]: Name extends `...${string}`
    ? readonly string[]
    : string;
};

/** The texts that a script was given, by the names of its keys and arguments. */
export type Said<Keys extends Names, Args extends Names, Per extends Each | undefined> = Texts<
  Keys[number] | Args[number]
> &
  (Per extends Each
    ? {
        readonly [Name in Per['name']]: readonly Texts<Per['keys'][number] | Per['args'][number]>[];
      }
    : unknown);

/** The texts that a script has besides, or that it has no names for. */
export interface Line {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** An operation of the floor below the engine, as it is done on a store. */
export interface Operation {
  readonly name: string;
  /** The name by which tests know it: its own, or that of the operation of which it does the usual part. */
  readonly knownAs: string;
  /** Digest of the script that does the same in Redis. */
  readonly sha: string;
  readonly lua: string;
  run(store: Store, line: Line): Answer;
}

/** Redis answers with an error. The first word says which. */
export class Refused extends Error {
  override readonly name = 'ReplyError';
}

/** Says how a script's operation is done. */
export function operation<Keys extends Names, Args extends Names, Per extends Each | undefined>(
  script: Script<Keys, Args, Per>,
  act: (store: Store, said: Said<Keys, Args, Per>, line: Line) => Answer,
  knownAs = script.name,
): Operation {
  const { name, sha, lua } = script;
  const run = (store: Store, line: Line): Answer => act(store, named(script, line) as never, line);
  return { name, knownAs, sha, lua, run };
}

type Read = Record<string, unknown>;

function named({ keys, args, each }: Script, line: Line): Read {
  const said: Read = {};
  put(said, keys, line.keys);
  put(said, args, line.args);
  if (each !== undefined) {
    const { length } = each.keys.length > 0 ? keys : args;
    const all = each.keys.length > 0 ? line.keys : line.args;
    const step = each.keys.length || each.args.length;
    said[each.name] = Array.from({ length: (all.length - length) / step }, (_, i) => {
      const item: Read = {};
      put(item, each.keys, line.keys.slice(keys.length + i * each.keys.length));
      put(item, each.args, line.args.slice(args.length + i * each.args.length));
      return item;
    });
  }
  return said;
}

function put(said: Read, names: Names, texts: readonly string[]): void {
  for (const [i, each] of names.entries()) {
    if (each.startsWith('...')) said[each.slice(3)] = texts.slice(i);
    else said[each] = texts[i];
  }
}
