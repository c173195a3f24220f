import type { Point } from '../../live/history.js';
import { count, duration, rate } from '../format.js';
import { Chart } from './chart.js';

/** Charts of all patterns, or of one. */
export function Charts({ points }: { readonly points: readonly Point[] }) {
  const times = points.map(([at]) => at);
  return (
    <section class="charts" aria-label="Last 15 minutes">
      <Chart
        title="Entries per second"
        times={times}
        show={rate}
        lines={[
          { name: 'in', colour: 'one', values: points.map((point) => point[1]) },
          { name: 'done', colour: 'two', values: points.map((point) => point[2]) },
          { name: 'errors', colour: 'three', values: points.map((point) => point[8]) },
        ]}
      />
      <Chart
        title="Lag"
        times={times}
        show={(value) => count(value ?? undefined)}
        isWhole
        lines={[
          { name: 'unread', colour: 'one', values: points.map((point) => point[3]) },
          { name: 'pending', colour: 'two', values: points.map((point) => point[4]) },
        ]}
      />
      <Chart
        title="Handlers"
        times={times}
        show={duration}
        lines={[
          { name: 'p50', colour: 'one', values: points.map((point) => point[6]) },
          { name: 'p99', colour: 'two', values: points.map((point) => point[7]) },
        ]}
      />
      <Chart
        title="Latency"
        times={times}
        show={duration}
        lines={[
          { name: 'oldest', colour: 'one', values: points.map((point) => point[5]) },
          { name: 'mean', colour: 'two', values: meanTimes(points) },
        ]}
      />
    </section>
  );
}

/** Milliseconds over which the mean time is taken. */
const WINDOW = 60_000;

/**
 * How long an entry was in its stream on average, in milliseconds: those that were there, by those that were finished a
 * second (Little's law), over a minute. Redis keeps no times of single entries.
 */
function meanTimes(points: readonly Point[]): (number | null)[] {
  return points.map(([at], end) => {
    let [there, finished, looks] = [0, 0, 0];
    for (let i = end; i >= 0; i--) {
      const [then, , done, unread, pending] = points[i] as Point;
      if (then < at - WINDOW) break;
      if (done === null) continue;
      there += unread + pending;
      finished += done;
      looks++;
    }
    return looks < 2 || finished === 0 ? null : (there / finished) * 1000;
  });
}
