// What runs in a thread: the pool loads this file there. It imports nothing of Nest, which would take each thread a second.
import { performance } from 'node:perf_hooks';
import { property, thrownText } from '../thrown.js';
import { describeThrown } from './describe-thrown.js';
import { BEGUN, type ThreadAnswer, type ThreadTask } from './messages.js';
import type { ThreadContext } from './thread-context.js';
import { ThreadSignal } from './thread-signal.js';

type Run = (data: unknown, context: ThreadContext) => unknown;

/** Runs one task. The answer goes through the task's own port, where it is seen at once if it cannot be copied. */
export default async function runTask(task: ThreadTask): Promise<void> {
  const { port } = task;
  port.postMessage(BEGUN);
  const signal = new ThreadSignal(port);
  const answer = await answerTo(task, signal.signal);
  try {
    port.postMessage(answer);
  } catch (error) {
    const message = `what "${task.name}" returns cannot be copied between threads: ${thrownText(error)}`;
    port.postMessage({ kind: 'unfit', code: 'INVALID_MESSAGE', message } satisfies ThreadAnswer);
  } finally {
    signal.close();
  }
}

async function answerTo(task: ThreadTask, signal: AbortSignal): Promise<ThreadAnswer> {
  const { remaining, ...known } = task.facts;
  const ends = performance.now() + remaining;
  const remainingTime = (): number => Math.max(0, ends - performance.now());
  try {
    const run = await load(task);
    if (typeof run === 'string') return { kind: 'unfit', code: 'INVALID_OPTION', message: run };
    const value = await run(task.data, { ...known, signal, remainingTime });
    return isStream(value) ? STREAM : { kind: 'value', value };
  } catch (error) {
    return { kind: 'thrown', thrown: describeThrown(error) };
  }
}

/** The function, or why there is none. */
async function load({ module, name }: ThreadTask): Promise<Run | string> {
  let loaded: unknown;
  try {
    loaded = await import(module);
  } catch (error) {
    return `the module ${module} cannot be loaded in a thread: ${thrownText(error)}`;
  }
  const found = property(loaded, name);
  return typeof found === 'function' ? (found as Run) : `${module} exports no function "${name}"`;
}

const STREAM: ThreadAnswer = {
  kind: 'unfit',
  code: 'INVALID_MESSAGE',
  message:
    'a function in a thread returns one value, and this one returned several; a handler may stream results of several computations',
};

/** An async iterable, a generator or an Observable. */
function isStream(value: unknown): boolean {
  return (
    property(value, Symbol.asyncIterator) !== undefined ||
    ['next', 'subscribe'].some((name) => typeof property(value, name) === 'function')
  );
}
