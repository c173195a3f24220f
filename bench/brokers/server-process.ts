// A server process that is ready once its port answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { sleep } from '../harness/clock.js';

const readyWithinMs = 60_000;
const stopWithinMs = 10_000;

const running: Set<ChildProcess> = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// Debian keeps some servers where only root looks.
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];

/**
 * The path of a program, if it is installed.
 *
 * @param first folders
 */
export function findProgram(name: string, first: string[] = []) {
  return [...first, ...folders]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

export async function startProcess(
  program: string,
  args: string[],
  { port, env }: { port: number; env?: NodeJS.ProcessEnv },
) {
  const child = spawn(program, args, {
    env: env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = (output + chunk).slice(-2000)));
  const exit = once(child, 'exit').then(() => running.delete(child));
  const end = performance.now() + readyWithinMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > end) {
      child.kill('SIGKILL');
      throw new Error(`${program} did not start\n${output}`);
    }
    await sleep(50);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await exit;
    clearTimeout(impatience);
  };
  return { pid: child.pid as number, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
