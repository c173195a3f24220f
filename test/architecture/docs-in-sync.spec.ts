import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { printPages } from '../../scripts/docs-pages.js';
import { leftLuaFiles } from '../../scripts/lua-files.js';
import { REDIS_STREAMS_ERROR_CODES } from '../../libs/redis-stream-transport/src/errors.js';
import { CLIENT_TABLE } from '../../libs/redis-stream-transport/src/options/client-options.js';
import { EXTRAS_TABLE } from '../../libs/redis-stream-transport/src/options/handler-extras.js';
import { RECORD_TABLE } from '../../libs/redis-stream-transport/src/options/record-options.js';
import {
  REDIS_OPTION_NAMES,
  TARGET_TABLE,
} from '../../libs/redis-stream-transport/src/options/redis-target.js';
import { SERVER_TABLE } from '../../libs/redis-stream-transport/src/options/server-options.js';

const pages = await printPages();

it.each(pages.map((page) => ({ ...page, name: basename(page.path) })))(
  'docs/$name says what the tables say; else: npm run docs',
  ({ path, text }) => {
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(text);
  },
);

it('has no file of a script that is gone; else: npm run docs', () => {
  expect(leftLuaFiles(pages)).toEqual([]);
});

it('lists every option and every error code', () => {
  const text = pages.map((page) => page.text).join('\n');
  const tables = [SERVER_TABLE, CLIENT_TABLE, EXTRAS_TABLE, RECORD_TABLE, TARGET_TABLE];
  const names = tables.flatMap((table) => Object.keys(table));
  for (const name of [...names, ...REDIS_OPTION_NAMES]) expect(text).toContain(`\`${name}\``);
  for (const code of Object.keys(REDIS_STREAMS_ERROR_CODES)) expect(text).toContain(`| ${code} `);
});
