import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { repository } from '../../tools/repository.js';

const require = createRequire(import.meta.url);
// It has no types.
const { loadAll } = require('js-yaml') as { loadAll(text: string): unknown[] };

/** The documents of a file in YAML, by its path in the repository. */
export const documents = <T>(path: string): T[] =>
  loadAll(readFileSync(join(repository, path), 'utf8')) as T[];

/** The only document of such a file. */
export function onlyDocument<T>(path: string): T {
  const [first, ...others] = documents<T>(path);
  if (first === undefined || others.length > 0) throw new Error(`${path} is not one document`);
  return first;
}

/** The source of the program that a command runs: `node dist/apps/<app>/main.js`, as PID 1, which signals reach. */
export function appOf(command: readonly string[]): string {
  const [node, program = ''] = command;
  const app = /^dist\/apps\/([\w-]+)\/main\.js$/.exec(program)?.[1];
  if (node !== 'node' || app === undefined) throw new Error(`no app: ${command.join(' ')}`);
  return `apps/${app}/src`;
}

/** The paths at which an app answers GET: those of its controllers, and of the module for Prometheus. */
export function pathsOf(sources: string): string[] {
  const health = readFileSync(join(repository, sources, 'health.controller.ts'), 'utf8');
  const [, controller] = /@Controller\('(\w+)'\)/.exec(health) ?? [];
  const own = [...health.matchAll(/@Get\('(\w+)'\)/g)].map(([, path]) => `/${controller}/${path}`);
  return [...own, '/metrics'];
}
