import { useState } from 'preact/hooks';
import type { CallTrace, ScheduledEntry, TracedEntry } from '../../../operate/index.js';
import { count, duration, moment, plural, shown } from '../format.js';
import { useAsked, When } from '../parts/asked.js';
import { LongText } from '../parts/long-text.js';
import { ByHeader } from '../parts/by-header.js';
import { to } from '../route.js';

/** Follows one call by its id. */
export function Call({ call }: { readonly call: string }) {
  const [wanted, setWanted] = useState(call);
  const [pattern, setPattern] = useState('');
  const [asked, setAsked] = useState('');
  const go = (event: Event): void => {
    event.preventDefault();
    setAsked(pattern.trim());
    location.hash = to('call', wanted.trim());
  };
  return (
    <>
      <h1 tabIndex={-1}>Follow a call</h1>
      <form class="bar card" role="search" onSubmit={go}>
        <label class="field grow">
          Call id
          <input
            type="text"
            required
            spellcheck={false}
            autocomplete="off"
            placeholder="AbCdEfGhIjKlMnOpQrStUv/10000000001"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          Pattern, if known
          <input
            type="text"
            value={pattern}
            onInput={(event) => setPattern(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main">
          Follow
        </button>
      </form>
      {call === '' ? (
        <>
          <p class="faint">
            The id is in every log line and error about a call (<code>callId</code>), and in{' '}
            <code>getCallId()</code>.
          </p>
          <ByHeader />
        </>
      ) : (
        <Trace key={`${call} ${asked}`} call={call} pattern={asked} />
      )}
    </>
  );
}

function Trace({ call, pattern }: { readonly call: string; readonly pattern: string }) {
  const asked = useAsked<CallTrace>('call', { call, pattern });
  return (
    <section aria-labelledby="trace">
      <div class="bar">
        <h2 id="trace">{shown(call)}</h2>
        <button type="button" onClick={asked.again}>
          Look again
        </button>
      </div>
      <When asked={asked}>{(trace) => <Steps trace={trace} />}</When>
    </section>
  );
}

export function Steps({ trace }: { readonly trace: CallTrace }) {
  const { entries, scheduled, replies, deadLetters, callerListens, callerKnown, unknown } = trace;
  return (
    <>
      <ol class="steps">
        {entries.map((entry) => (
          <Stored key={entry.entry} entry={entry} />
        ))}
        {scheduled.map((entry) => (
          <Waiting key={`${entry.shard} ${entry.stream}`} entry={entry} />
        ))}
        {replies.map((reply, at) => (
          <li key={`reply ${at}`}>
            <time>{moment(reply.at)}</time> answered by {shown(reply.instance)}: {reply.kind}
            {reply.deliveries > 1 && `, at delivery ${reply.deliveries}`}
            {reply.text !== undefined && <LongText name="Reply" text={reply.text} />}
          </li>
        ))}
        {deadLetters.map((letter) => (
          <li key={letter.id} class="bad">
            <time>{moment(letter.at)}</time> became{' '}
            <a href={to('letter', letter.group, letter.id)}>a dead letter</a> of{' '}
            {shown(letter.group)} ({shown(letter.reason)},{' '}
            {plural(letter.attempts, 'failed attempt')}): {shown(letter.error)}
          </li>
        ))}
        <li>
          caller:{' '}
          {callerListens
            ? 'connected, and listens for replies'
            : callerKnown
              ? 'not connected now, and was here in the last ten minutes'
              : 'not known'}
        </li>
      </ol>
      {unknown.length > 0 && (
        <div class="notice">
          <p>Not known:</p>
          <ul>
            {unknown.map((line) => (
              <li key={line}>{shown(line)}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** What is due later. */
export function Waiting({ entry: { dueAt, pattern } }: { readonly entry: ScheduledEntry }) {
  return (
    <li>
      <time>{moment(dueAt)}</time> due: <b>{shown(pattern)}</b>; it is in no stream yet
    </li>
  );
}

export function Stored({ entry }: { readonly entry: TracedEntry }) {
  const { storedAt, pattern, calls, once, groups, deadlineAt } = entry;
  return (
    <>
      <li>
        <time>{moment(storedAt)}</time> stored: <b>{shown(pattern)}</b>, entry{' '}
        <code>{entry.entry}</code>
        {calls > 1 && <>, with {count(calls - 1)} other calls</>}
        {once && ', at most once'}
      </li>
      {groups.map((group) => (
        <li key={group.group} class={group.state}>
          <b>{shown(group.group)}</b>: {said(group)}
        </li>
      ))}
      {deadlineAt !== undefined && (
        <li>
          <time>{moment(deadlineAt)}</time> its deadline
        </li>
      )}
    </>
  );
}

function said({
  state,
  consumer,
  heldFor,
  deliveries,
  attempts,
  dueAt,
}: TracedEntry['groups'][number]): string {
  const counts = `${plural(deliveries, 'delivery', 'deliveries')}, ${plural(attempts, 'failed attempt')}`;
  const who = shown(consumer ?? '?');
  switch (state) {
    case 'waits':
      return 'it was not handed out yet';
    case 'held':
      return `with ${who}, for ${duration(heldFor)}: it runs there, or waits for a slot (${counts})`;
    case 'retry':
      return `waits for another attempt${dueAt === undefined ? '' : `, at ${moment(dueAt)}`} (${counts})`;
    case 'started':
      return `started by ${who}, at most once`;
    case 'done':
      return 'done';
  }
}
