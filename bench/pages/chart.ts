// A picture of horizontal bars, as SVG: text stays text, and it can be read in light and dark and on a phone.

/** Some bars that are compared with each other, and with those of no other group. */
export interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly name: string;
  /** Above 0: the longest bar of a group has the largest value. */
  readonly value: number;
  /** What stands beside the bar. */
  readonly text: string;
  /** In the colour that is looked at first. */
  readonly own: boolean;
}

/** Pixels. A phone shows the picture at three quarters of its width, where letters of 14 are letters of 10. */
const WIDTH = 480;
const MARGIN = 16;
/** From the left edge to the bars: room for the longest name. */
const BARS = 140;
/** Of the longest bar: what is left has room for six digits. */
export const LONGEST = 248;
const LINE = 22;
const TITLE = 30;
const GAP = 14;
const THICK = 14;

const STYLE = `
.paper { fill: #ffffff; stroke: #d0d7de }
text { font: 14px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #3d444d }
.title { font-weight: 600; fill: #1f2328 }
.own-text { font-weight: 600; fill: #1f2328 }
.own { fill: #0969da }
.other { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
  .paper { fill: #0d1117; stroke: #3d444d }
  text { fill: #c0c8d1 }
  .title, .own-text { fill: #f0f6fc }
  .own { fill: #4493f8 }
  .other { fill: #59636e }
}
`;

/**
 * @param title what the picture shows, for those who do not see it
 * @returns the text of an SVG file
 */
export function chart(title: string, groups: readonly Group[]): string {
  const shapes: string[] = [];
  let y = MARGIN;
  for (const group of groups) {
    if (y > MARGIN) y += GAP;
    shapes.push(text(MARGIN, y + TITLE / 2, group.title, 'title'));
    y += TITLE;
    const most = Math.max(...group.bars.map(({ value }) => value));
    for (const bar of group.bars) {
      shapes.push(...line(bar, y, (bar.value / most) * LONGEST));
      y += LINE;
    }
  }
  const height = y + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>`,
    ...shapes,
    '</svg>\n',
  ].join('\n');
}

function line({ name, text: figure, own }: Bar, y: number, length: number): string[] {
  const middle = y + LINE / 2;
  const style = own ? 'own-text' : undefined;
  const size = `width="${length.toFixed(1)}" height="${THICK}"`;
  return [
    text(MARGIN, middle, name, style),
    `<rect class="${own ? 'own' : 'other'}" x="${BARS}" y="${middle - THICK / 2}" ${size} rx="2"/>`,
    text(Math.round(BARS + length + 8), middle, figure, style),
  ];
}

function text(x: number, y: number, words: string, style?: string): string {
  const classes = style === undefined ? '' : ` class="${style}"`;
  return `<text x="${x}" y="${y}" dominant-baseline="central"${classes}>${escaped(words)}</text>`;
}

const escaped = (words: string) =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
