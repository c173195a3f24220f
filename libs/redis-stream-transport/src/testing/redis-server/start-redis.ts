import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { ServerSearch, type ServerProgram } from './find-server.js';
import { freePort } from './free-port.js';
import {
  createServerFolder,
  recordServer,
  removeServerFolder,
  sweepLeftovers,
} from './leftovers.js';

/** How a Redis for tests is started. */
export interface StartRedisOptions {
  /** Further arguments of a private server, such as `['--maxmemory', '16mb']`. Default: none. */
  readonly args?: readonly string[];
}

/** A Redis for tests. */
export interface StartedRedis {
  readonly url: string;
  /** How it was found: `REDIS_URL`, `NRS_REDIS_BIN` or `PATH`. */
  readonly from: string;
  /** Ends a private server and removes its folder; does nothing to that of `REDIS_URL`. Idempotent. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Milliseconds in which a server must start, and in which it must end by itself. */
const READY_WITHIN = 15_000;
const STOP_WITHIN = 3_000;
/** Ports that are tried: between the look and the start another process may take one. */
const PORTS = 10;

/** Servers that have not been stopped end with this process. */
const running = new Map<ChildProcess, string>();
let endsThem: (() => void) | undefined;

/**
 * Gives a Redis to tests: the server of `REDIS_URL`, which is only used; else a private one on the loopback interface,
 * without persistence, from the program of `NRS_REDIS_BIN` or from `valkey-server` or `redis-server` on `PATH`.
 *
 * @throws Error says what to install where there is none, or what the server said when it did not start
 */
export async function startRedis({ args = [] }: StartRedisOptions = {}): Promise<StartedRedis> {
  const url = process.env.REDIS_URL;
  if (url) return started(url, 'REDIS_URL', async () => undefined);
  const search = new ServerSearch();
  const program = search.installed();
  if (program === undefined) throw search.failure;
  sweepLeftovers();
  for (let tried = 1; ; tried++) {
    const port = await freePort();
    try {
      const stop = await startOn(port, program, args);
      return started(`redis://127.0.0.1:${port}`, program.from, stop);
    } catch (error) {
      if (!(error instanceof PortTaken) || tried === PORTS) throw error;
    }
  }
}

function started(url: string, from: string, stop: () => Promise<void>): StartedRedis {
  return { url, from, stop, [Symbol.asyncDispose]: stop };
}

class PortTaken extends Error {}

async function startOn(
  port: number,
  { bin, env }: ServerProgram,
  args: readonly string[],
): Promise<() => Promise<void>> {
  const folder = createServerFolder();
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const plain = ['--save', '', '--appendonly', 'no', '--set-proc-title', 'no', '--daemonize', 'no'];
  const child = spawn(bin, [...own, ...plain, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.set(child, folder);
  endsThem ??= endWithThis();
  const stop = async (): Promise<void> => {
    await ended(child);
    running.delete(child);
    removeServerFolder(folder);
  };
  try {
    if (child.pid !== undefined) recordServer(folder, child.pid);
    await ready(child, `${bin} on port ${port}`);
  } catch (error) {
    await stop();
    throw error;
  }
  // A test that forgets to stop it still ends.
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as Socket).unref();
  return stop;
}

function endWithThis(): () => void {
  const end = (): void => {
    for (const [child, folder] of running) {
      child.kill('SIGKILL');
      removeServerFolder(folder);
    }
  };
  process.on('exit', end);
  return end;
}

async function ended(child: ChildProcess): Promise<void> {
  const isOver = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (isOver) return;
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
  clearTimeout(impatience);
}

/** Resolves when the server takes connections. */
function ready(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      child.off('error', failed).off('close', closed);
      for (const stream of [child.stdout, child.stderr]) stream?.off('data', listen).resume();
      end();
    };
    const fail = (reason: string): void => {
      const Reason = output.includes('Address already in use') ? PortTaken : Error;
      settle(() => reject(new Reason(`${name}: ${reason}\n${output.slice(-2000)}`)));
    };
    const timer = setTimeout(() => fail(`not ready within ${READY_WITHIN} ms`), READY_WITHIN);
    const listen = (chunk: Buffer): void => {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) settle(resolve);
    };
    const failed = (error: Error): void => fail(error.message);
    // 'close' and not 'exit': by then all of the output has arrived, the reason among it.
    const closed = (code: number | null, signal: string | null): void =>
      fail(`ended with ${code ?? signal}`);
    child.once('error', failed).once('close', closed);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', listen);
  });
}
