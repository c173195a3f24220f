import type { LiveInstance, LiveService, PendingPage } from '../../../operate/index.js';
import { count, duration, moment, shown } from '../format.js';
import { useLive } from '../live.js';
import { useAsked } from '../parts/asked.js';
import { Pausing } from '../parts/pausing.js';
import { Senders } from '../parts/senders.js';
import { Table } from '../parts/table.js';
import type { About } from '../server.js';

/** Services, their instances and what these hold; and who calls them. */
export function Instances({ about }: { readonly about: About }) {
  const { look } = useLive();
  const pending = useAsked<PendingPage>('pending', { limit: '1000' }, 5000);
  const held = new Map<string, number>();
  for (const { service, instance, state } of pending.value?.entries ?? []) {
    if (state === 'retry') continue;
    const name = `${service} ${instance}`;
    held.set(name, (held.get(name) ?? 0) + 1);
  }
  return (
    <>
      <h1 tabIndex={-1}>Instances</h1>
      {look === undefined && <p class="faint">Looking at Redis…</p>}
      {look?.services.length === 0 && <p class="faint empty">No service has ever been here.</p>}
      {look?.services.map((service) => (
        <Service
          key={service.service}
          service={service}
          readOnly={about.readOnly}
          held={held}
          more={pending.value?.more === true}
        />
      ))}
      {look !== undefined && <Callers look={look} />}
    </>
  );
}

/** Of an instance in another language its name stands there too. */
const runtimeOf = (version: string): string => (/^\d/.test(version) ? `Node ${version}` : version);

function Service(given: {
  readonly service: LiveService;
  readonly readOnly: boolean;
  readonly held: ReadonlyMap<string, number>;
  readonly more: boolean;
}) {
  const { service, instances, answers, hears, seenAt } = given.service;
  const heldBy = ({ name }: LiveInstance): string => {
    const known = given.held.get(`${service} ${name.replace(/#\d+$/, '')}`) ?? 0;
    return given.more ? `${count(known)}+` : count(known);
  };
  const gone = seenAt === undefined ? '' : ` It was last seen at ${moment(seenAt)}.`;
  return (
    <section class="card" aria-label={`Service ${shown(service)}`}>
      <h2>{shown(service)}</h2>
      <Table
        caption={`Instances of ${shown(service)}`}
        rows={instances}
        keyOf={({ name }) => name}
        none={`No instance lives.${gone}`}
        columns={[
          { name: 'Instance', head: true, cell: ({ name }) => shown(name) },
          { name: 'Host', cell: ({ facts }) => shown(facts?.host ?? '–') },
          {
            name: 'Version',
            cell: ({ facts }) =>
              facts === undefined ? '–' : shown(`${facts.library}, ${runtimeOf(facts.node)}`),
          },
          {
            name: 'Up for',
            number: true,
            cell: ({ facts }) =>
              facts?.startedAt === undefined
                ? '–'
                : duration(Math.max(0, Date.now() - facts.startedAt)),
          },
          {
            name: 'Slots',
            number: true,
            cell: ({ facts }) => count(facts?.concurrency),
          },
          { name: 'In flight', number: true, cell: heldBy },
          {
            name: 'Lease',
            number: true,
            cell: ({ leaseFor }) => (
              <span class={leaseFor < 2000 ? 'tag warn' : ''}>{duration(leaseFor)}</span>
            ),
          },
          {
            name: 'Listens',
            cell: ({ listens }) =>
              listens === false ? (
                <span class="tag bad">no</span>
              ) : listens === undefined ? (
                '?'
              ) : (
                'yes'
              ),
          },
          {
            name: 'Intake',
            cell: ({ name, paused }) => (
              <Pausing
                what={{ service, instance: name.replace(/#\d+$/, '') }}
                paused={paused}
                readOnly={given.readOnly}
              />
            ),
          },
        ]}
      />
      {answers.length + hears.length > 0 && (
        <details>
          <summary>
            Answers {count(answers.length)}, hears {count(hears.length)}
          </summary>
          <ul class="names">
            {answers.slice(0, 200).map(({ pattern, instances: n, once }) => (
              <li key={pattern}>
                <code>{shown(pattern)}</code>{' '}
                <span class="faint">
                  answered by {n}
                  {once ? ', at most once' : ''}
                </span>
              </li>
            ))}
            {hears.slice(0, 200).map((stream) => (
              <li key={stream}>
                <code>{shown(stream)}</code> <span class="faint">heard</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Callers({ look }: { readonly look: NonNullable<ReturnType<typeof useLive>['look']> }) {
  const { callers, backlog } = look;
  return (
    <section class="card" aria-labelledby="callers">
      <h2 id="callers">Callers</h2>
      {callers === undefined ? (
        <p>{count(backlog.callers)} (Redis does not say which).</p>
      ) : (
        <Table
          caption="Applications with clients"
          rows={callers}
          keyOf={({ application, process }) => `${application} ${process}`}
          none="No callers are connected."
          columns={[
            { name: 'Application', head: true, cell: ({ application }) => shown(application) },
            { name: 'Process', cell: ({ process }) => shown(process) },
            { name: 'Addresses', cell: ({ addresses }) => shown(addresses.join(', ')) },
            { name: 'Connections', number: true, cell: ({ connections }) => count(connections) },
          ]}
        />
      )}
      <h3>What they send</h3>
      <Senders />
      <p class="faint">
        Connections are of all prefixes on these servers: Redis knows callers by the names of their
        connections.
      </p>
    </section>
  );
}
