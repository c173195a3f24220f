import type { Row } from '../../live/points.js';
import type { Handled } from '../../live/recent.js';
import { count, duration, rate, share, shown } from '../format.js';
import { to } from '../route.js';
import { Tile, type Column } from './table.js';

export const errorShare = (handled: Handled | undefined): number =>
  handled === undefined ? -1 : handled.errors / handled.ended;

/** A figure of handlers; in grey where nothing has ended in the last minute. */
function OfHandlers(given: {
  readonly handled: Handled | undefined;
  readonly show: (handled: Handled) => string;
  readonly isBad?: boolean;
}) {
  const { handled, show, isBad = false } = given;
  if (handled === undefined) return <span class="faint">–</span>;
  if (handled.isRecent) return <span class={isBad ? 'tag bad' : ''}>{show(handled)}</span>;
  return (
    <span class="faint" title={`in ${duration(handled.over)}, since its instances were started`}>
      {show(handled)}
    </span>
  );
}

const LATELY = 'in the last minute; grey: since the instances were started';

export const PATTERNS: readonly Column<Row>[] = [
  {
    name: 'Pattern',
    head: true,
    cell: ({ stream, group }) => <a href={to('pattern', stream, group)}>{shown(stream)}</a>,
  },
  {
    name: 'Service',
    cell: ({ group, unread }) =>
      group === '' ? <span class={unread > 0 ? 'tag warn' : 'faint'}>nobody</span> : shown(group),
  },
  { name: 'In/s', number: true, cell: (row) => rate(row.in) },
  { name: 'Done/s', number: true, cell: (row) => rate(row.out) },
  {
    name: 'Errors',
    number: true,
    hint: `of what has ended ${LATELY}; calls that were cancelled, or refused while paused, are none`,
    cell: ({ handled }) => (
      <OfHandlers
        handled={handled}
        show={({ errors, ended }) => share(errors, ended)}
        isBad={errorShare(handled) >= 0.01}
      />
    ),
  },
  {
    name: 'p50',
    number: true,
    hint: `half of the handlers took less, ${LATELY}`,
    cell: ({ handled }) => <OfHandlers handled={handled} show={({ p50 }) => duration(p50)} />,
  },
  {
    name: 'p99',
    number: true,
    hint: `99 of 100 handlers took less, ${LATELY}`,
    cell: ({ handled }) => <OfHandlers handled={handled} show={({ p99 }) => duration(p99)} />,
  },
  { name: 'Unread', number: true, cell: ({ unread }) => count(unread) },
  { name: 'Pending', number: true, cell: ({ pending }) => count(pending) },
  { name: 'Retries', number: true, cell: ({ retries }) => count(retries) },
  {
    name: 'Later',
    number: true,
    hint: 'due later, and in no stream yet',
    cell: ({ scheduled }) => count(scheduled),
  },
  { name: 'Oldest', number: true, cell: ({ oldest }) => duration(oldest) },
  {
    name: 'Instances',
    number: true,
    cell: ({ instances, group }) =>
      instances === 0 && group !== '' ? <span class="tag bad">0</span> : count(instances),
  },
];

/** How many fail, and how long they take; nothing where no instance has answered. */
export function HandledTiles({ handled }: { readonly handled: Handled | undefined }) {
  const { p99, errors = 0, ended = 0 } = handled ?? {};
  const known = handled?.isRecent === true;
  return (
    <>
      <Tile
        name="Errors"
        value={known ? share(errors, ended) : '–'}
        tone={known && errors / ended >= 0.01 ? 'bad' : undefined}
      />
      <Tile name="p99" value={known ? duration(p99) : '–'} />
    </>
  );
}
