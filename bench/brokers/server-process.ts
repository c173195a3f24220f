// A server process that is ready once its port answers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { sleep } from '../harness/clock.mjs';

const readyWithinMs = 60_000;
const stopWithinMs = 10_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// Debian keeps some servers where only root looks.
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];

/** The path of a program, if it is installed. @param {string} name @param {string[]} [first] folders */
export function findProgram(name, first = []) {
  return [...first, ...folders]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ port: number, env?: NodeJS.ProcessEnv }} settings
 */
export async function startProcess(program, args, { port, env }) {
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
  return { pid: /** @type {number} */ (child.pid), stop };
}

/** @param {number} port @returns {Promise<boolean>} */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
