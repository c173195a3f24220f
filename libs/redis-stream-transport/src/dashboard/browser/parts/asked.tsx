import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ask } from '../server.js';

/** An answer of the server, or why there is none. */
export interface Asked<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly again: () => void;
}

/**
 * Asks the server when the page opens, when what is asked changes, and so often.
 * @param every milliseconds; 0: once
 */
export function useAsked<T>(
  path: string,
  query: Record<string, string | undefined>,
  every = 0,
): Asked<T> {
  const [answer, set] = useState<{ of: string; value?: T; error?: string }>({ of: '' });
  const [turn, next] = useState(0);
  const what = JSON.stringify([path, query]);
  const again = useCallback(() => next((n) => n + 1), []);
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turnOnce = async (): Promise<void> => {
      try {
        const value = await ask<T>(path, query);
        if (!over) set({ of: what, value });
      } catch (error) {
        if (!over)
          set((last) => ({
            ...(last.of === what ? last : {}),
            of: what,
            error: (error as Error).message,
          }));
      }
      if (!over && every > 0) timer = setTimeout(() => void turnOnce(), every);
    };
    void turnOnce();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [what, every, turn]);
  const mine = answer.of === what;
  return { value: mine ? answer.value : undefined, error: mine ? answer.error : undefined, again };
}

/** Shows an answer when it is there. */
export function When<T>(given: {
  readonly asked: Asked<T>;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { value, error } = given.asked;
  return (
    <>
      {error !== undefined && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      {value === undefined && error === undefined && <p class="faint">Asking Redis…</p>}
      {value !== undefined && given.children(value)}
    </>
  );
}
