import type { BaseRpcContext, Transport } from '@nestjs/microservices';

// As Nest types them. Early versions of NestJS 11 have no such types.

/** Is told of each run before it begins, and begins it by calling `done`. */
export type ProcessingStartHook = (
  transportId: Transport | symbol,
  context: BaseRpcContext,
  done: () => Promise<unknown>,
) => void;

/** Is told when a run has ended. */
export type ProcessingEndHook = (transportId: Transport | symbol, context: BaseRpcContext) => void;

/**
 * Runs something between two hooks, as `runWithProcessingHooks` of NestJS 12 does. `end` is called once: when the run
 * says that it has ended, or when it fails before.
 * @param start is given the run, and calls it when it likes; what it returns is returned
 */
export function between(
  start: (begin: () => Promise<void>) => unknown,
  end: () => void,
  run: (ended: () => void) => Promise<void>,
): unknown {
  return start(async () => {
    let isOver = false;
    const ended = (): void => {
      if (isOver) return;
      isOver = true;
      end();
    };
    try {
      await run(ended);
    } catch (error) {
      ended();
      throw error;
    }
  });
}
