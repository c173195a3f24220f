// One server process: started on a free loopback port in a folder of its own, and always stopped.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { freePort } from '../free-port.js';
import { terminated } from '../process.js';
import {
  createServerFolder,
  recordServer,
  removeServerFolder,
} from '../../libs/redis-stream-transport/src/testing/redis-server/leftovers.js';
import type { Server } from './server.js';
import { tlsArguments, type TlsFiles } from './tls-files.js';

export interface RedisStartOptions {
  /** Further arguments of the server, for example `['--maxmemory', '16mb']`. */
  args?: readonly string[];
  /** A fixed port, to start again where another server was. Default: a free port. */
  port?: number;
  /** That of a server which ended and left it: what is stored there is read. Default: a new one. */
  folder?: string | undefined;
  /** It speaks TLS alone. */
  tls?: TlsFiles | undefined;
  /** Instead of a server with data: a Sentinel with these lines in its file. */
  sentinel?: readonly string[];
}

export interface PrivateRedis {
  readonly url: string;
  readonly from: string;
  readonly bin: string;
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
  /** SIGKILL: ends the server and leaves its folder to the next one, or to `stop`. */
  crash(): Promise<void>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const readyWithinMs = 15_000;
const stopWithinMs = 3_000;
const portAttempts = 10;

const running = new Set<{ child: Child; folder: string }>();
process.on('exit', () => {
  for (const { child, folder } of running) {
    child.kill('SIGKILL');
    removeServerFolder(folder);
  }
});

export async function startServer(
  { bin, env, from }: Server,
  { args = [], port: wanted, sentinel, folder, tls }: RedisStartOptions = {},
): Promise<PrivateRedis> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort());
    try {
      return await startOn(port, { bin, env, from, args, sentinel, folder, tls });
    } catch (error) {
      // Between the look and the start another process may have taken the port.
      const taken = error instanceof PortTaken;
      if (!taken || wanted !== undefined || attempt === portAttempts) throw error;
    }
  }
}

interface StartSettings {
  readonly args: readonly string[];
  readonly sentinel: readonly string[] | undefined;
  readonly folder: string | undefined;
  readonly tls: TlsFiles | undefined;
}

class PortTaken extends Error {}

async function startOn(
  port: number,
  { bin, env, from, args, sentinel, folder: left, tls }: Server & StartSettings,
): Promise<PrivateRedis> {
  const folder = left ?? createServerFolder();
  const own = sentinel ? sentinelArguments(port, folder, sentinel) : baseArguments(port, folder);
  const secured = tls ? tlsArguments(port, tls) : [];
  const child = spawn(bin, [...own, ...secured, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = { child, folder };
  running.add(server);
  const forget = () => {
    running.delete(server);
    removeServerFolder(folder);
  };
  try {
    if (child.pid !== undefined) recordServer(folder, child.pid);
    await ready(child, bin, port);
  } catch (error) {
    await terminated(child, stopWithinMs);
    forget();
    throw error;
  }
  const stop = async () => {
    // A frozen server never sees SIGTERM.
    await terminated(child, stopWithinMs);
    forget();
  };
  const crash = async () => {
    child.kill('SIGKILL');
    await terminated(child, stopWithinMs);
  };
  // A caller that forgets to stop it still ends, and takes the server along.
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as Socket).unref();
  const pid = child.pid as number;
  return {
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    from,
    bin,
    port,
    pid,
    folder,
    stop,
    crash,
  };
}

// The title of the process stays its command line, so that a left-over is recognized by the folder in it.
function baseArguments(port: number, folder: string): string[] {
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no'],
    ...['--enable-debug-command', 'yes', '--set-proc-title', 'no', '--daemonize', 'no'],
  ];
}

// A Sentinel writes what it learns into its file.
function sentinelArguments(port: number, folder: string, lines: readonly string[]): string[] {
  const file = join(folder, 'sentinel.conf');
  const own = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`];
  writeFileSync(file, [...own, ...lines, ''].join('\n'));
  return [file, '--sentinel'];
}

function ready(child: Child, bin: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason: string) => {
      const Reason = /Address already in use/.test(output) ? PortTaken : Error;
      settle(() => reject(new Reason(`${bin} on port ${port}: ${reason}\n${output.slice(-2000)}`)));
    };
    const timer = setTimeout(() => fail(`not ready within ${readyWithinMs} ms`), readyWithinMs);
    const listen = (chunk: Buffer) => {
      output += String(chunk);
      if (/Ready to accept connections|Sentinel ID is/.test(output)) settle(resolve);
    };
    const failed = (error: Error) => fail(error.message);
    // 'close' and not 'exit': by then all of the output has arrived, the reason among it.
    const ended = (code: number | null, signal: string | null) =>
      fail(`ended with ${code ?? signal}`);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      child.off('error', failed).off('close', ended);
      for (const stream of [child.stdout, child.stderr]) stream.off('data', listen).resume();
      then();
    };
    child.once('error', failed).once('close', ended);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', listen);
  });
}
