import type { Changed } from '../../reads/changes.js';
import { count, plural } from '../format.js';
import { change } from '../server.js';

/** Which letters of a service are meant: these, or all that fit. */
export type Meant =
  | { readonly service: string; readonly ids: readonly string[] }
  | {
      readonly service: string;
      readonly which: 'all that fit';
      readonly pattern?: string | undefined;
      readonly reason?: string | undefined;
      readonly since?: string | undefined;
    };

const DONE = { replay: 'replayed', discard: 'discarded' } as const;

/** Replays or discards letters. @returns what to tell */
export async function changeLetters(verb: 'replay' | 'discard', meant: Meant): Promise<string> {
  const { changed, gone, refused, reasons, more } = await change<Changed>(`letters/${verb}`, meant);
  const rest = [
    ...(gone > 0 ? [`${count(gone)} no longer there`] : []),
    ...(refused > 0 ? [`${count(refused)} left where they are`] : []),
    ...reasons.slice(0, 3).map(({ id, told }) => (id === '' ? told : `${id}: ${told}`)),
    ...(more ? ['there are more that fit: do it again for them'] : []),
  ];
  const done = `${plural(changed, 'dead letter')} ${DONE[verb]}`;
  return rest.length === 0 ? `${done}.` : `${done}; ${rest.join('; ')}.`;
}
