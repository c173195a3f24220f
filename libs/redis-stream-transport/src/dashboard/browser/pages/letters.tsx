import { useEffect, useState } from 'preact/hooks';
import type { countLetters, ListedLetter } from '../../reads/letters.js';
import { count, duration, moment, plural, shown } from '../format.js';
import { useAsked, When } from '../parts/asked.js';
import { Confirm, type Question } from '../parts/confirm.js';
import { changeLetters, type Meant } from '../parts/letter-actions.js';
import { tell } from '../parts/status.js';
import { Table } from '../parts/table.js';
import { to } from '../route.js';
import { ask, type About } from '../server.js';

type Counts = Awaited<ReturnType<typeof countLetters>>;
const AGES = {
  'any time': 0,
  'the last hour': 3_600_000,
  'the last day': 86_400_000,
  'the last week': 604_800_000,
};

/** Dead letters of all services: how many, why; and those of one of them. */
export function Letters(given: {
  readonly about: About;
  readonly service: string;
  readonly pattern: string;
  readonly reason: string;
}) {
  const { about, service, pattern, reason } = given;
  const counts = useAsked<Counts>('letters/count', {});
  const only = counts.value?.services.length === 1 ? counts.value.services[0]?.service : undefined;
  const chosen = service || only || '';
  return (
    <>
      <h1 tabIndex={-1}>Dead letters</h1>
      <When asked={counts}>
        {({ services }) => <Kinds services={services} chosen={[chosen, pattern, reason]} />}
      </When>
      {chosen !== '' && (
        <Mailbox
          key={`${chosen} ${pattern} ${reason}`}
          {...{ about, pattern, reason }}
          service={chosen}
          changed={counts.again}
        />
      )}
    </>
  );
}

interface Kind {
  readonly service: string;
  /** Empty: all of the service. */
  readonly pattern: string;
  readonly reason: string;
  readonly count: number;
  readonly last: number;
  /** False: there were too many to count them all by kind. */
  readonly whole: boolean;
}

function Kinds(given: {
  readonly services: Counts['services'];
  readonly chosen: readonly string[];
}) {
  const { services, chosen } = given;
  const rows: Kind[] = [];
  for (const { service, count: all, kinds, complete } of services) {
    const last = Math.max(0, ...kinds.map((kind) => kind.last));
    rows.push({ service, pattern: '', reason: '', count: all, last, whole: complete });
    for (const kind of kinds) rows.push({ service, ...kind, whole: complete });
  }
  return (
    <Table
      caption="Dead letters by service, pattern and reason"
      rows={rows}
      keyOf={({ service, pattern, reason }) => `${service} ${reason} ${pattern}`}
      none="There are no dead letters. Nothing was given up."
      columns={[
        {
          name: 'Service',
          head: true,
          cell: ({ service, pattern, reason }) => (
            <a
              href={to('dead', service, pattern, reason)}
              aria-current={
                chosen.join(' ') === [service, pattern, reason].join(' ') ? 'true' : undefined
              }
            >
              {shown(service)}
            </a>
          ),
        },
        { name: 'Pattern', cell: ({ pattern }) => (pattern === '' ? 'all' : shown(pattern)) },
        {
          name: 'Reason',
          cell: ({ reason }) =>
            reason === '' ? 'all' : <span class="tag bad">{shown(reason)}</span>,
        },
        {
          name: 'Letters',
          number: true,
          cell: ({ count: n, whole, pattern }) =>
            `${count(n)}${whole || pattern === '' ? '' : ' or more'}`,
        },
        {
          name: 'Last',
          cell: ({ last }) =>
            last === 0 ? '–' : `${duration(Math.max(0, Date.now() - last))} ago`,
        },
      ]}
    />
  );
}

function Mailbox(given: {
  readonly about: About;
  readonly service: string;
  readonly pattern: string;
  readonly reason: string;
  readonly changed: () => void;
}) {
  const { about, service, pattern, reason, changed } = given;
  const [age, setAge] = useState<keyof typeof AGES>('any time');
  const [since, setSince] = useState('');
  const query = { service, pattern, reason, since };
  const page = useAsked<{ letters: ListedLetter[]; next?: string }>('letters', query);
  const [more, setMore] = useState<{ letters: ListedLetter[]; next?: string | undefined }>();
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const [question, setQuestion] = useState<Question>();
  useEffect(() => {
    setMore(undefined);
    select(new Set());
  }, [page.value]);
  const letters = [...(page.value?.letters ?? []), ...(more?.letters ?? [])];
  const next = more === undefined ? page.value?.next : more.next;
  const load = async (): Promise<void> => {
    try {
      const got = await ask<{ letters: ListedLetter[]; next?: string }>('letters', {
        ...query,
        after: next,
      });
      setMore({ letters: [...(more?.letters ?? []), ...got.letters], next: got.next });
    } catch (error) {
      tell((error as Error).message);
    }
  };
  const put = (verb: 'replay' | 'discard', meant: Meant, what: string): void =>
    setQuestion({
      title: verb === 'replay' ? `Replay ${what}?` : `Discard ${what}?`,
      text:
        verb === 'replay'
          ? `Each goes back into its stream, for ${shown(service)} alone, and is handled from the first attempt on.`
          : 'They are deleted, and cannot be had back.',
      verb: verb === 'replay' ? 'Replay' : 'Discard',
      danger: verb === 'discard',
      act: async () => {
        tell(await changeLetters(verb, meant));
        page.again();
        changed();
      },
    });
  const all: Meant = {
    ...{ service, which: 'all that fit' },
    ...{ pattern: pattern || undefined, reason: reason || undefined, since: since || undefined },
  };
  const some: Meant = { service, ids: [...selected] };
  return (
    <section aria-labelledby="letters">
      <div class="bar">
        <h2 id="letters">
          {shown(service)}
          {pattern !== '' && <> · {shown(pattern)}</>}
          {reason !== '' && <> · {shown(reason)}</>}
        </h2>
        <label>
          Given up in{' '}
          <select
            value={age}
            onChange={(event) => {
              const name = event.currentTarget.value as keyof typeof AGES;
              setAge(name);
              setSince(AGES[name] === 0 ? '' : String(Date.now() - AGES[name]));
            }}
          >
            {Object.keys(AGES).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="button" onClick={page.again}>
          Reload
        </button>
      </div>
      {!about.readOnly && letters.length > 0 && (
        <div class="actions" role="group" aria-label="What to do with them">
          <button
            type="button"
            class="main"
            disabled={selected.size === 0}
            onClick={() => put('replay', some, plural(selected.size, 'dead letter'))}
          >
            Replay selected ({selected.size})
          </button>
          <button
            type="button"
            class="danger"
            disabled={selected.size === 0}
            onClick={() => put('discard', some, plural(selected.size, 'dead letter'))}
          >
            Discard selected
          </button>
          <button type="button" onClick={() => put('replay', all, 'all that fit')}>
            Replay all that fit
          </button>
          <button type="button" onClick={() => put('discard', all, 'all that fit')}>
            Discard all that fit
          </button>
        </div>
      )}
      <When asked={page}>
        {() => <List {...{ letters, selected, select, service }} canSelect={!about.readOnly} />}
      </When>
      {next !== undefined && (
        <button type="button" onClick={() => void load()}>
          Show more
        </button>
      )}
      {question !== undefined && (
        <Confirm question={question} close={() => setQuestion(undefined)} />
      )}
    </section>
  );
}

function List(given: {
  readonly letters: readonly ListedLetter[];
  readonly selected: ReadonlySet<string>;
  readonly select: (ids: ReadonlySet<string>) => void;
  readonly service: string;
  readonly canSelect: boolean;
}) {
  const { letters, selected, select, service, canSelect } = given;
  const toggle = (id: string): void => {
    const chosen = new Set(selected);
    if (!chosen.delete(id)) chosen.add(id);
    select(chosen);
  };
  return (
    <>
      {canSelect && letters.length > 0 && (
        <label class="choice">
          <input
            type="checkbox"
            checked={selected.size === letters.length}
            onChange={(event) =>
              select(new Set(event.currentTarget.checked ? letters.map(({ id }) => id) : []))
            }
          />{' '}
          Select all {count(letters.length)} shown
        </label>
      )}
      <Table
        caption={`Dead letters of ${shown(service)}`}
        rows={letters}
        keyOf={({ id }) => id}
        none="None fits."
        columns={[
          {
            name: 'Letter',
            head: true,
            cell: ({ id }) => (
              <span class="choice">
                {canSelect && (
                  <input
                    type="checkbox"
                    aria-label={`Select ${id}`}
                    checked={selected.has(id)}
                    onChange={() => toggle(id)}
                  />
                )}
                <a class="id" href={to('letter', service, id)}>
                  {id}
                </a>
              </span>
            ),
          },
          { name: 'Pattern', cell: ({ pattern }) => <span class="name">{shown(pattern)}</span> },
          { name: 'Reason', cell: ({ reason }) => <span class="tag bad">{shown(reason)}</span> },
          {
            name: 'Error',
            cell: ({ error, errorName }) => (
              <span class="text">
                {errorName === undefined ? '' : `${shown(errorName)}: `}
                {shown(error.slice(0, 200))}
              </span>
            ),
          },
          {
            name: 'Data',
            cell: ({ glimpse }) => (
              <code class="text">{glimpse === undefined ? '(hidden)' : shown(glimpse)}</code>
            ),
          },
          { name: 'Attempts', number: true, cell: ({ attempts }) => count(attempts) },
          {
            name: 'Given up',
            cell: ({ at }) => <time dateTime={new Date(at).toISOString()}>{moment(at)}</time>,
          },
        ]}
      />
    </>
  );
}
