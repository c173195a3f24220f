import { useEffect, useState } from 'preact/hooks';
import type { PendingPage } from '../../../operate/index.js';
import { sumOf, type Point } from '../../live/history.js';
import { count, duration, rate, shown } from '../format.js';
import { useLive } from '../live.js';
import { useAsked, When } from '../parts/asked.js';
import { Charts } from '../parts/charts.js';
import { HandledTiles } from '../parts/handled.js';
import { Pausing } from '../parts/pausing.js';
import { PendingTable } from '../parts/pending.js';
import { Tile } from '../parts/table.js';
import { to } from '../route.js';
import type { About } from '../server.js';
import { Senders } from '../parts/senders.js';

/** One pattern (or lane) of one service. */
export function Pattern(given: {
  readonly about: About;
  readonly stream: string;
  readonly group: string;
}) {
  const { about, stream, group } = given;
  const { look } = useLive();
  const rows = look?.rows.filter((row) => row.stream === stream && row.group === group) ?? [];
  const points = usePoints(stream, group);
  const service = group.replace(/\{.*$/s, '');
  const pending = useAsked<PendingPage>('pending', { pattern: stream, service, limit: '50' }, 5000);
  const now = sumOf(0, rows, rows[0]?.handled);
  const sum = (of: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((total, row) => total + of(row), 0);
  const dead = look?.backlog.deadLetters[service] ?? 0;
  const known = look?.services.find((one) => one.service === service);
  const paused = known?.paused.find(({ pattern }) => pattern === stream);
  const others = look?.rows.filter((row) => row.stream === stream && row.group !== group) ?? [];
  return (
    <>
      <p class="path">
        <a href={to()}>Overview</a> / pattern
      </p>
      <h1 tabIndex={-1}>{shown(stream)}</h1>
      <p class="lead">
        {group === '' ? (
          'No service has ever read it.'
        ) : (
          <>
            Read by the service <b>{shown(service)}</b>.
          </>
        )}
        {others.map((row) => (
          <>
            {' '}
            Also by <a href={to('pattern', stream, row.group)}>{shown(row.group || 'nobody')}</a>.
          </>
        ))}
      </p>
      {service !== '' && (
        <div class="actions">
          <Pausing what={{ service, pattern: stream }} paused={paused} readOnly={about.readOnly} />
        </div>
      )}
      {look !== undefined && rows.length === 0 && (
        <p class="notice warn">
          There is no such stream now, or nothing in it among the first thousand.
        </p>
      )}
      <dl class="tiles" aria-label="Now">
        <Tile name="In/s" value={rate(now[1])} />
        <Tile name="Done/s" value={rate(now[2])} />
        <Tile name="Unread" value={count(now[3])} />
        <Tile name="Pending" value={count(now[4])} />
        <Tile name="Retries" value={count(sum((row) => row.retries))} />
        <Tile name="Due later" value={count(rows[0]?.scheduled ?? 0)} />
        <HandledTiles handled={rows[0]?.handled} />
        <Tile name="Oldest" value={now[5] === null ? 'none' : duration(now[5])} />
        <Tile
          name="Instances"
          value={count(Math.max(0, ...rows.map((row) => row.instances)))}
          href={to('instances')}
        />
        <Tile
          name="Dead letters"
          value={dead === 0 ? 'none' : 'look'}
          tone={dead > 0 ? 'bad' : undefined}
          href={to('dead', service, stream)}
        />
      </dl>
      <Charts points={points} />
      <section aria-labelledby="pending">
        <h2 id="pending">What runs, and what waits for another attempt</h2>
        <When asked={pending}>
          {({ entries, more }) => (
            <>
              <PendingTable entries={entries} />
              {more && <p class="faint">There are more; these are the oldest.</p>}
            </>
          )}
        </When>
      </section>
      <section aria-labelledby="senders">
        <h2 id="senders">Who sends this</h2>
        <Senders pattern={stream} />
      </section>
    </>
  );
}

/** What was seen before this page opened, and each look since. */
function usePoints(stream: string, group: string): readonly Point[] {
  const { look } = useLive();
  const before = useAsked<{ points: Point[] }>('history', { stream, group });
  const [since, add] = useState<readonly Point[]>([]);
  useEffect(() => add([]), [stream, group]);
  useEffect(() => {
    const rows = look?.rows.filter((row) => row.stream === stream && row.group === group) ?? [];
    if (look !== undefined && rows.length > 0) {
      add((points) => [...points.slice(-450), sumOf(look.at, rows, rows[0]?.handled)]);
    }
  }, [look?.at, stream, group]);
  const known = before.value?.points ?? [];
  const last = known.at(-1)?.[0] ?? 0;
  return [...known, ...since.filter(([at]) => at > last)];
}
