import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { printPages } from '../../scripts/docs-pages.mjs';
import { REDIS_STREAMS_ERROR_CODES } from '../../libs/redis-stream-transport/src/errors.js';
import { CLIENT_TABLE } from '../../libs/redis-stream-transport/src/options/client-options.js';
import { EXTRAS_TABLE } from '../../libs/redis-stream-transport/src/options/handler-extras.js';
import { RECORD_TABLE } from '../../libs/redis-stream-transport/src/options/record-options.js';
import * as rules from '../../libs/redis-stream-transport/src/options/redis-options.js';
import {
  REDIS_OPTION_NAMES,
  TARGET_TABLE,
} from '../../libs/redis-stream-transport/src/options/redis-target.js';
import { RETENTION_TABLE } from '../../libs/redis-stream-transport/src/options/retention.js';
import { RETRY_TABLE } from '../../libs/redis-stream-transport/src/options/retry-policy.js';
import { SERVER_TABLE } from '../../libs/redis-stream-transport/src/options/server-options.js';

const pages = await printPages({
  server: SERVER_TABLE,
  client: CLIENT_TABLE,
  extras: EXTRAS_TABLE,
  record: RECORD_TABLE,
  retry: RETRY_TABLE,
  retention: RETENTION_TABLE,
  target: TARGET_TABLE,
  ioredis: {
    passed: rules.PASSED_REDIS_OPTIONS,
    refused: rules.REFUSED_REDIS_OPTIONS,
    passedCluster: rules.PASSED_CLUSTER_OPTIONS,
    refusedCluster: rules.REFUSED_CLUSTER_OPTIONS,
  },
  codes: REDIS_STREAMS_ERROR_CODES,
});

it.each(pages.map((page) => ({ ...page, name: basename(page.path) })))(
  'docs/$name says what the tables say; else: npm run docs',
  ({ path, text }) => {
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(text);
  },
);

it('lists every option and every error code', () => {
  const text = pages.map((page) => page.text).join('\n');
  const tables = [SERVER_TABLE, CLIENT_TABLE, EXTRAS_TABLE, RECORD_TABLE, TARGET_TABLE];
  const names = tables.flatMap((table) => Object.keys(table));
  for (const name of [...names, ...REDIS_OPTION_NAMES]) expect(text).toContain(`\`${name}\``);
  for (const code of Object.keys(REDIS_STREAMS_ERROR_CODES)) expect(text).toContain(`| ${code} `);
});
