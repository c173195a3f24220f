import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

export interface Line {
  readonly name: string;
  readonly colour: 'one' | 'two' | 'three';
  readonly values: readonly (number | null)[];
}

const HEIGHT = 130;
/** Steps of the axis of what is counted: 1, 2, 5, 10, … */
const STEPS = Array.from({ length: 30 }, (_, i) => [1, 2, 5][i % 3]! * 10 ** Math.floor(i / 3));
/** Milliseconds without a point after which a line is not drawn through. */
const SPAN = 900;

/** Lines over the last quarter of an hour. What they say now stands beside them, for those who do not see them. */
export function Chart(given: {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly show: (value: number | null | undefined) => string;
  /** Values are whole numbers. */
  readonly isWhole?: boolean;
}) {
  const { title, times, lines, show, isWhole = false } = given;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const data = [
    times.map((at) => at / 1000),
    ...lines.map(({ values }) => values),
  ] as uPlot.AlignedData;
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const made = drawn(box, { lines, data, show, isWhole });
    plot.current = made;
    const fit = new ResizeObserver(() =>
      made.setSize({ width: Math.max(100, box.clientWidth), height: HEIGHT }),
    );
    fit.observe(box);
    // Colours are those of the page, which may change with the evening.
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => made.redraw(false, true);
    dark.addEventListener('change', redraw);
    return () => {
      dark.removeEventListener('change', redraw);
      fit.disconnect();
      made.destroy();
    };
  }, [title]);
  useEffect(() => {
    const now = Date.now() / 1000;
    plot.current?.batch(() => {
      plot.current?.setData(data, false);
      plot.current?.setScale('x', { min: now - SPAN, max: now });
    });
  }, [times.at(-1), times.length]);
  const said = lines.map(({ name, values }) => `${name} ${show(values.at(-1))}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <span class="title">{title}</span>
        {lines.map(({ name, colour, values }) => (
          <span class={`key ${colour}`} key={name}>
            {name} <b>{show(values.at(-1))}</b>
          </span>
        ))}
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}, last 15 minutes; now: ${said}`} />
    </figure>
  );
}

function drawn(
  box: HTMLElement,
  given: {
    readonly lines: readonly Line[];
    readonly data: uPlot.AlignedData;
    readonly show: (value: number) => string;
    readonly isWhole: boolean;
  },
): uPlot {
  const { lines, data, show, isWhole } = given;
  const colour = (name: string) => () => getComputedStyle(box).getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--faint'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: Math.max(100, box.clientWidth),
    height: HEIGHT,
    padding: [6, 16, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true },
      y: { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.15)] },
    },
    axes: [
      { ...axis, size: 22, space: 70, values: '{HH}:{mm}' },
      {
        ...{ ...axis, size: 54, space: 34, ...(isWhole ? { incrs: STEPS } : {}) },
        values: (_plot, splits) => splits.map((one) => show(one)),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, colour: which }) => ({
        label: name,
        stroke: colour(`--${which}`),
        fill: colour(`--${which}-area`),
        width: 1.75,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
  return new uPlot(options, data, box);
}
