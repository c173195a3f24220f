import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../../tools/repository.js';

const CLIENT = join(repository, 'clients/python');
const paths = (folder: string) => ({
  PYTHONPATH: [join(CLIENT, 'src'), folder].join(':'),
  MYPYPATH: join(CLIENT, 'src'),
});

/** Starts a program of Python in the folder of the client; it ends with its standard input. */
export const startPython = (at: string, words: readonly string[]): ChildProcess =>
  spawn(at, words, {
    cwd: CLIENT,
    env: { ...process.env, ...paths(CLIENT), PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'ignore', 'inherit'],
  });

/** Runs a module of Python, of its own or of `folder`, in the folder of the client, and answers what it said if it failed. */
export async function python(
  at: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
  folder = CLIENT,
): Promise<string> {
  const child = spawn(at, ['-m', ...words], {
    cwd: CLIENT,
    env: { ...process.env, ...paths(folder), PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 0 ? '' : said;
}
