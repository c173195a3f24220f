import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { inThread } from 'nestjs-redis-streams/threads';
import { cache } from '../../tools/repository.js';
import { stripTypes } from '../../tools/strip-types.js';
import type * as functions from './functions.js';

const FOLDER = 'test/threads';
const copy = stripTypes([FOLDER, 'libs/redis-stream-transport/src'], join(cache, 'library'));

/** The functions as plain JavaScript, as threads of an application have them. */
export const MODULE = pathToFileURL(join(copy, FOLDER, 'functions.js'));

/** The library itself is not compiled in tests. */
export const THREADS = { size: 2, execArgv: ['--import', 'tsx'] } as const;

/** Options of a server whose threads do. */
export const withThreads = (
  threads: RedisStreamsServerOptions['threads'] = {},
): RedisStreamsServerOptions => ({ threads: { ...THREADS, ...threads } });

export const count = inThread<typeof functions.count>(MODULE, 'count');
export const burn = inThread<typeof functions.burn>(MODULE, 'burn');
export const wait = inThread<typeof functions.wait>(MODULE, 'wait');
export const facts = inThread<typeof functions.facts>(MODULE, 'facts');
export const crash = inThread<typeof functions.crash>(MODULE, 'crash');
export const square = inThread<typeof functions.square>(MODULE, 'square');
export const squares = inThread<typeof functions.squares>(MODULE, 'squares');
