import type { HeaderTrace } from '../../../operate/index.js';
import { count, moment, shown } from '../format.js';
import { useAsked, When } from '../parts/asked.js';
import { ByHeader } from '../parts/by-header.js';
import { to } from '../route.js';
import { Steps, Stored, Waiting } from './call.js';

/** Follows a request across services, by a header. */
export function Header({ name, value }: { readonly name: string; readonly value: string }) {
  const asked = useAsked<HeaderTrace & { unlooked: string }>('header', { name, value });
  return (
    <>
      <h1 tabIndex={-1}>Follow a request</h1>
      <ByHeader name={name} value={value} />
      <div class="bar">
        <h2>
          {shown(name)}: {shown(value)}
        </h2>
        <button type="button" onClick={asked.again}>
          Look again
        </button>
      </div>
      <When asked={asked}>{(trace) => <Found trace={trace} />}</When>
    </>
  );
}

function Found({ trace }: { readonly trace: HeaderTrace & { readonly unlooked: string } }) {
  const { calls, events, scheduled, deadLetters, more, unlooked } = trace;
  const ofEvents = events.length + scheduled.length + deadLetters.length;
  const found = calls.length + ofEvents;
  return (
    <>
      {found === 0 && (
        <p class="faint empty">
          Nothing has it now. What was settled is gone from Redis: logs and traces have it.
        </p>
      )}
      {calls.map((call) => (
        <section class="card" key={call.call} aria-label={`Call ${shown(call.call)}`}>
          <h2>
            <a href={to('call', call.call)}>{shown(call.call)}</a>
          </h2>
          <Steps trace={call} />
        </section>
      ))}
      {ofEvents > 0 && (
        <section class="card" aria-labelledby="events">
          <h2 id="events">Events</h2>
          <ol class="steps">
            {events.map((entry) => (
              <Stored key={`${entry.stream} ${entry.entry}`} entry={entry} />
            ))}
            {scheduled.map((entry) => (
              <Waiting key={`${entry.shard} ${entry.stream} ${entry.id}`} entry={entry} />
            ))}
            {deadLetters.map((letter) => (
              <li key={letter.id} class="bad">
                <time>{moment(letter.at)}</time>{' '}
                <a href={to('letter', letter.group, letter.id)}>a dead letter</a> of{' '}
                {shown(letter.group)} ({shown(letter.reason)}, {count(letter.attempts)} failed)
              </li>
            ))}
          </ol>
        </section>
      )}
      {more && (
        <p class="notice warn">There are more than a hundred of one kind; these are some.</p>
      )}
      {unlooked !== '' && <p class="notice warn">Time was up: {shown(unlooked)}.</p>}
    </>
  );
}
