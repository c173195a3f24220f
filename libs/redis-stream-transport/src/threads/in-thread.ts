import { RedisStreamsError } from '../errors.js';
import type { RedisStreamsBatchContext } from '../nest/redis-streams-batch.context.js';
import type { RedisStreamsContext } from '../nest/redis-streams.context.js';
import { THREADS, type ThreadShare } from '../nest/thread-room.js';
import { property } from '../thrown.js';
import { loadPool } from './piscina.js';
import type { ThrownClass } from './rebuild-thrown.js';
import type { ThreadContext } from './thread-context.js';
import { ThreadError } from './thread-error.js';
import { threadsOf } from './threads.js';

/** What a module exports for threads. Data and result are copied, as by `structuredClone`: instances lose their class. */
export type ThreadFunction = (data: never, context: ThreadContext) => unknown;

/** The same function, as a handler calls it. */
export type InThread<F extends ThreadFunction> = F extends (
  data: infer D,
  context: ThreadContext,
) => infer R
  ? Awaited<R> extends Several
    ? never
    : (data: D, context: RedisStreamsContext | RedisStreamsBatchContext) => Promise<Awaited<R>>
  : never;

/** A thread returns one value. */
type Several = AsyncIterable<unknown> | { next(): unknown } | { subscribe(): unknown };

export interface InThreadOptions {
  /** Classes of errors that the function throws, to be told by their names; others arrive as `Error`. Default: none. */
  readonly errors?: readonly ThrownClass[];
}

/**
 * A function that a handler with `threads` in its `extras` calls to compute in a thread. Whatever stands before the
 * handler (contract, pipes, guards) has happened then, and whatever stands after it happens to what it returns.
 *
 * @param module URL of the module, such as `new URL('./render.thread.js', import.meta.url)`; each thread loads it once
 * @param name of the export
 * @returns calls reject with what the function throws, or with a `ThreadError`
 * @throws RedisStreamsError INVALID_OPTION; also where the package `piscina` is not installed
 *
 * @example
 * import type { render } from './render.thread.js';
 * const rendered = inThread<typeof render>(new URL('./render.thread.js', import.meta.url), 'render');
 *
 * @MessagePattern('render', REDIS_STREAMS, { threads: true })
 * render(@Payload() page: Page, @Ctx() context: RedisStreamsContext): Promise<string> {
 *   return rendered(page, context);
 * }
 */
export function inThread<F extends ThreadFunction>(
  module: URL | string,
  name: string,
  options: InThreadOptions = {},
): InThread<F> {
  const target = { module: urlOf(module), name: nameOf(name), errors: classesOf(options.errors) };
  loadPool();
  const call = async (data: unknown, context: RedisStreamsContext): Promise<unknown> => {
    const share = shareOf(context, name);
    return await threadsOf(share.room).run(target, { data, context, most: share.most });
  };
  return call as InThread<F>;
}

/** @throws ThreadError INVALID_OPTION */
function shareOf(context: unknown, name: string): ThreadShare {
  const share = property(context, THREADS) as ThreadShare | undefined;
  if (share !== undefined) return share;
  const pattern = property(context, 'getPattern');
  const told =
    typeof pattern === 'function'
      ? `the handler of "${(context as RedisStreamsContext).getPattern()}" has no threads: give it { threads: true } in its extras, on a server`
      : `"${name}" runs in a thread and needs the context of the handler (@Ctx()) as its second argument`;
  throw new ThreadError('INVALID_OPTION', told);
}

function urlOf(module: unknown): string {
  const text = module instanceof URL ? module.href : module;
  if (typeof text === 'string' && /^(?:file|data):/.test(text)) return text;
  throw unfit('module', "a file URL, such as new URL('./render.js', import.meta.url)");
}

function nameOf(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw unfit('name', 'the name of an export');
}

function classesOf(errors: unknown = []): readonly ThrownClass[] {
  if (Array.isArray(errors) && errors.every((one) => typeof one === 'function'))
    return errors as ThrownClass[];
  throw unfit('errors', 'a list of classes');
}

function unfit(name: string, wanted: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_OPTION', `inThread: "${name}" must be ${wanted}.`);
}
