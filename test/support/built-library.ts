import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cache } from '../../tools/repository.js';
import { stripTypes } from '../../tools/strip-types.js';

const SOURCES = 'libs/redis-stream-transport/src';
const PROGRAMS = 'test/support/programs';

/**
 * URL of the library's entry as plain JavaScript, for child processes. Built once per state of the
 * sources, into a folder that is named after it, so that test files at the same time share it.
 */
export function builtLibrary(): string {
  const copy = stripTypes([SOURCES], join(cache, 'library'));
  return pathToFileURL(join(copy, SOURCES, 'index.js')).href;
}

/** Path of a program for a child process, as plain JavaScript. */
export const program = (name: string): string =>
  join(stripTypes([PROGRAMS]), PROGRAMS, `${name}.js`);
