// A server process that is ready once its port answers.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { endsWithThis, hasEnded, killed, terminated } from '../../tools/process.js';
import { lookFor } from '../../tools/wait.js';

const readyWithinMs = 60_000;
const stopWithinMs = 10_000;
const lookEveryMs = 50;

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
  const child = endsWithThis(
    spawn(program, args, { env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = (output + chunk).slice(-2000)));
  const answered = () => answers(port);
  await lookFor(async () => hasEnded(child) || (await answered()), readyWithinMs, lookEveryMs);
  if (hasEnded(child) || !(await answered())) {
    await killed(child);
    throw new Error(`${program} did not start\n${output}`);
  }
  const stop = async () => void (await terminated(child, stopWithinMs));
  return { pid: child.pid as number, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
