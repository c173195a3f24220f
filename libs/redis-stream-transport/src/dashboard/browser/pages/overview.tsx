import { useState } from 'preact/hooks';
import type { Look, Row } from '../../live/points.js';
import { bytes, count, duration, plural, shown } from '../format.js';
import { useLive } from '../live.js';
import { Charts } from '../parts/charts.js';
import { errorShare, HandledTiles, PATTERNS } from '../parts/handled.js';
import { Table, Tile } from '../parts/table.js';
import { to } from '../route.js';

const SORTS = {
  oldest: (row: Row) => row.oldest ?? -1,
  unread: (row: Row) => row.unread,
  pending: (row: Row) => row.pending,
  'in/s': (row: Row) => row.in ?? -1,
  p99: (row: Row) => row.handled?.p99 ?? -1,
  errors: (row: Row) => errorShare(row.handled),
  name: () => 0,
} as const;
type Sort = keyof typeof SORTS;

export function Overview() {
  const { look, points } = useLive();
  if (look === undefined) {
    return (
      <>
        <h1 tabIndex={-1}>Overview</h1>
        <p class="faint">Looking at Redis…</p>
      </>
    );
  }
  return (
    <>
      <h1 tabIndex={-1}>Overview</h1>
      <Tiles look={look} />
      <Charts points={points} />
      <Pauses look={look} />
      <Patterns look={look} />
      <Places look={look} />
    </>
  );
}

function Tiles({ look }: { readonly look: Look }) {
  const { rows, services, backlog, callers } = look;
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const dead = Object.values(backlog.deadLetters).reduce((total, one) => total + one, 0);
  const oldest = rows.reduce((most, row) => Math.max(most, row.oldest ?? 0), 0);
  const instances = services.reduce((total, one) => total + one.instances.length, 0);
  const gone = services.filter((one) => one.instances.length === 0).length;
  return (
    <dl class="tiles" aria-label="Now">
      <Tile name="Unread" value={count(sum((row) => row.unread))} />
      <Tile name="Pending" value={count(sum((row) => row.pending))} />
      <Tile
        name="Oldest"
        value={oldest === 0 ? 'none' : duration(oldest)}
        tone={oldest > 60_000 ? 'warn' : undefined}
      />
      <Tile name="Retries" value={count(sum((row) => row.retries))} />
      <HandledTiles handled={look.handled} />
      <Tile
        name="Dead letters"
        value={count(dead)}
        tone={dead > 0 ? 'bad' : undefined}
        href={to('dead')}
      />
      <Tile
        name="Instances"
        value={count(instances)}
        tone={gone > 0 ? 'warn' : undefined}
        href={to('instances')}
      />
      <Tile
        name="Callers"
        value={count(callers === undefined ? backlog.callers : callers.length)}
        href={to('instances')}
      />
    </dl>
  );
}

function Pauses({ look }: { readonly look: Look }) {
  const paused = look.services.flatMap((service) => service.paused);
  if (paused.length === 0) return null;
  return (
    <p class="notice warn">
      Paused:{' '}
      {paused.map(({ service, pattern }) => (
        <span key={`${service} ${pattern}`}>
          <a href={to('pattern', pattern, service)}>{shown(pattern)}</a> of {shown(service)}.{' '}
        </span>
      ))}
    </p>
  );
}

function Patterns({ look }: { readonly look: Look }) {
  const [wanted, setWanted] = useState('');
  const [sort, setSort] = useState<Sort>('oldest');
  const isWanted = ({ stream, group }: Row): boolean =>
    `${stream} ${group}`.toLowerCase().includes(wanted.toLowerCase());
  const of = SORTS[sort];
  const rows = look.rows
    .filter(isWanted)
    .toSorted((one, other) => of(other) - of(one) || (one.stream < other.stream ? -1 : 1));
  return (
    <section aria-labelledby="patterns">
      <div class="bar">
        <h2 id="patterns">Patterns</h2>
        <label>
          <span class="unseen">Filter by pattern or service</span>
          <input
            type="search"
            placeholder="Pattern or service"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </label>
        <label>
          Sort by{' '}
          <select value={sort} onChange={(event) => setSort(event.currentTarget.value as Sort)}>
            {Object.keys(SORTS).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <Table
        caption="Patterns and the services that read them"
        columns={PATTERNS}
        rows={rows.slice(0, 300)}
        keyOf={({ stream, group, shard }) => `${shard} ${group} ${stream}`}
        none={
          wanted === '' ? 'No streams yet: nobody has served or sent anything.' : 'Nothing fits.'
        }
      />
      {rows.length > 300 && (
        <p class="faint">{count(rows.length - 300)} more: filter to see them.</p>
      )}
      {look.leftOut > 0 && (
        <p class="faint">{count(look.leftOut)} in which less waits are left out.</p>
      )}
      <p class="faint">
        Errors, p50 and p99 are of the last minute, as instances say; in grey since they were
        started.
        {look.silent > 0 &&
          ` ${plural(look.silent, 'instance')} did not say: too busy, cut off, or of an earlier version.`}
      </p>
      {!look.complete && (
        <p class="notice warn">Time was up before all keys of Redis had been found.</p>
      )}
    </section>
  );
}

function Places({ look }: { readonly look: Look }) {
  return (
    <section aria-labelledby="servers">
      <h2 id="servers">Redis</h2>
      <Table
        caption="Servers"
        rows={look.servers}
        keyOf={({ port, version }) => `${version} ${port ?? ''}`}
        none="No server answered."
        columns={[
          {
            name: 'Server',
            head: true,
            cell: ({ version, port }) => `${shown(version)} on port ${port ?? '?'}`,
          },
          {
            name: 'Memory',
            number: true,
            cell: ({ usedMemory, maxMemory }) =>
              `${bytes(usedMemory)}${maxMemory ? ` of ${bytes(maxMemory)}` : ''}`,
          },
          {
            name: 'Connections',
            number: true,
            cell: ({ clients, maxClients }) => `${count(clients)} of ${count(maxClients)}`,
          },
          { name: 'Replicas', number: true, cell: ({ replicas }) => count(replicas) },
          { name: 'Round trip', number: true, cell: ({ roundTrip }) => `${roundTrip} ms` },
        ]}
      />
    </section>
  );
}
