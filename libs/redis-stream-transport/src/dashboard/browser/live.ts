import { useEffect, useState } from 'preact/hooks';
import type { Point } from '../live/history.js';
import type { Look } from '../live/points.js';

/** What is shown of now. */
export interface Live {
  readonly look: Look | undefined;
  /** Of all patterns together; the last quarter of an hour. */
  readonly points: readonly Point[];
  /** `lost`: the server does not answer; `trouble`: Redis does not. */
  readonly state: 'connecting' | 'live' | 'trouble' | 'lost';
  readonly told: string;
}

const SHOWN = 900_000;

let live: Live = { look: undefined, points: [], state: 'connecting', told: '' };
const listeners = new Set<(live: Live) => void>();

function set(changed: Partial<Live>): void {
  live = { ...live, ...changed };
  for (const listener of listeners) listener(live);
}

/** Connects; the browser connects again by itself. */
export function follow(): void {
  const source = new EventSource('api/live');
  const on = <T>(name: string, take: (data: T) => void): void =>
    source.addEventListener(name, (event) =>
      take(JSON.parse((event as MessageEvent<string>).data) as T),
    );
  on<Point[]>('history', (points) => set({ points }));
  on<{ look: Look; point: Point }>('look', ({ look, point }) => {
    const known = live.points.at(-1)?.[0] === point[0];
    const kept = live.points.filter(([at]) => at > look.at - SHOWN);
    set({ look, points: known ? kept : [...kept, point], state: 'live', told: '' });
  });
  on<{ told: string }>('trouble', ({ told }) => set({ state: 'trouble', told }));
  source.addEventListener('error', () => {
    set({ state: 'lost', told: 'the server does not answer; trying again' });
    // A refusal ends it for good, unlike a connection that broke.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
  });
}

export function useLive(): Live {
  const [seen, show] = useState(live);
  useEffect(() => {
    show(live);
    listeners.add(show);
    return () => void listeners.delete(show);
  }, []);
  return seen;
}
