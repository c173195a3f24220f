// Finds the server binary to run, in this order: the one that the user names, an installed one, one that was
// fetched before, one that can be fetched now.
import { spawnSync } from 'node:child_process';
import { fetchServer, unpackedServer } from './distribution-package.js';
import type { Server } from './server.js';

const oldestMajor = 7;

const advice = `No Redis ${oldestMajor} or Valkey server found. Set REDIS_URL to a running one, or install one:
  Debian, Ubuntu:  apt-get install redis-server
  Fedora, RHEL:    dnf install valkey
  Alpine:          apk add valkey
  macOS:           brew install redis
  Windows:         run this in WSL, or: docker run -p 6379:6379 redis:8`;

export function findServer(): Server {
  const rejected: string[] = [];
  const usable = (server: Server | undefined): server is Server => {
    const problem = server && problemOf(server);
    if (problem) rejected.push(problem);
    return server !== undefined && problem === undefined;
  };

  if (process.env.NRS_REDIS_BIN) {
    const named = { bin: process.env.NRS_REDIS_BIN, env: process.env, from: 'NRS_REDIS_BIN' };
    if (usable(named)) return named;
    throw new Error(`NRS_REDIS_BIN is of no use: ${rejected.join('; ')}`);
  }
  for (const bin of ['valkey-server', 'redis-server']) {
    const installed = { bin, env: process.env, from: 'PATH' };
    if (usable(installed)) return installed;
  }
  for (const search of [unpackedServer, fetchServer]) {
    const server = search();
    if (usable(server)) return server;
  }
  throw new Error([advice, ...rejected.map((problem) => `  (${problem})`)].join('\n'));
}

/** Why this server cannot be used, or undefined if it can. */
function problemOf({ bin, env }: Server): string | undefined {
  const run = spawnSync(bin, ['--version'], { env, encoding: 'utf8' });
  const { error } = run;
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') return `${bin}: not found`;
  const major = /\bv=(\d+)\./.exec(run.stdout ?? '')?.[1];
  const reason = run.stderr?.trim() || error?.message || 'it prints no version';
  if (major === undefined) return `${bin}: not a server that starts: ${reason}`;
  if (Number(major) < oldestMajor) return `${bin}: version ${major} is too old`;
  return undefined;
}
