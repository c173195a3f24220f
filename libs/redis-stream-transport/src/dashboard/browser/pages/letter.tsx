import { useState } from 'preact/hooks';
import type { DeadLetterEntry } from '../../../dead-letters/index.js';
import { count, moment, shown, shownLines, storedAt } from '../format.js';
import { useAsked, When } from '../parts/asked.js';
import { Confirm, type Question } from '../parts/confirm.js';
import { Editor } from '../parts/editor.js';
import { changeLetters } from '../parts/letter-actions.js';
import { LongText } from '../parts/long-text.js';
import { tell } from '../parts/status.js';
import { to } from '../route.js';
import type { About } from '../server.js';

/** A dead letter as the server sends it: its data as text. */
export type SentLetter = Omit<DeadLetterEntry, 'data'> & { readonly service: string };

export function Letter(given: {
  readonly about: About;
  readonly service: string;
  readonly id: string;
}) {
  const { about, service, id } = given;
  const asked = useAsked<SentLetter>('letter', { service, id });
  return (
    <>
      <p class="path">
        <a href={to('dead', service)}>Dead letters of {shown(service)}</a> / letter
      </p>
      <h1 tabIndex={-1}>{shown(id)}</h1>
      <When asked={asked}>{(letter) => <Shown about={about} letter={letter} />}</When>
    </>
  );
}

function Shown({ about, letter }: { readonly about: About; readonly letter: SentLetter }) {
  const [question, setQuestion] = useState<Question>();
  const [editing, edit] = useState(false);
  const { service, id, errorName, errorCode, error, errorStack, headers, text, codec } = letter;
  const back = (): void => void (location.hash = to('dead', service));
  const act = (verb: 'replay' | 'discard') => async () => {
    tell(await changeLetters(verb, { service, ids: [id] }));
    back();
  };
  const names = Object.entries(headers);
  return (
    <>
      {!about.readOnly && (
        <div class="actions" role="group" aria-label="What to do with it">
          <button
            type="button"
            class="main"
            disabled={!letter.replayable}
            onClick={() =>
              setQuestion({
                title: 'Replay it?',
                text: `It goes back into ${shown(letter.stream)}, for ${shown(service)} alone, and is handled from the first attempt on.`,
                verb: 'Replay',
                act: act('replay'),
              })
            }
          >
            Replay
          </button>
          <button type="button" disabled={letter.broadcast} onClick={() => edit(true)}>
            Edit and replay
          </button>
          <button
            type="button"
            class="danger"
            onClick={() =>
              setQuestion({
                ...{
                  title: 'Discard it?',
                  text: 'It is deleted, and cannot be had back.',
                  verb: 'Discard',
                },
                ...{ danger: true, act: act('discard') },
              })
            }
          >
            Discard
          </button>
        </div>
      )}
      {editing && (
        <Editor letter={letter} hidden={about.hidePayloads} close={() => edit(false)} done={back} />
      )}
      <Facts letter={letter} />
      <section aria-labelledby="error">
        <h2 id="error">Error</h2>
        <p class="notice bad">
          {errorName !== undefined && <b>{shown(errorName)}: </b>}
          {shownLines(error)}
          {errorCode !== undefined && <code> {shown(errorCode)}</code>}
        </p>
        {errorStack !== undefined && (
          <details open>
            <summary>Stack</summary>
            <LongText name="Stack" text={errorStack} />
          </details>
        )}
      </section>
      <section aria-labelledby="data">
        <h2 id="data">Data</h2>
        {about.hidePayloads ? (
          <p class="faint">Data is hidden on this page (hidePayloads).</p>
        ) : text === undefined ? (
          <p class="faint">It was missing, or too long to be kept.</p>
        ) : (
          <LongText name="Data" text={codec === 'json' ? pretty(text) : text} />
        )}
      </section>
      <section aria-labelledby="headers">
        <h2 id="headers">Headers</h2>
        {names.length === 0 ? (
          <p class="faint">None.</p>
        ) : (
          <dl class="facts">
            {names.map(([name, value]) => (
              <div key={name}>
                <dt>{shown(name)}</dt>
                <dd>{shown(value)}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      {question !== undefined && (
        <Confirm question={question} close={() => setQuestion(undefined)} />
      )}
    </>
  );
}

function Facts({ letter }: { readonly letter: SentLetter }) {
  const { pattern, stream, service, kind, reason, entryId, at, consumer, deliveries, attempts } =
    letter;
  const facts: (readonly [string, string])[] = [
    ['Pattern', pattern],
    ...(stream === pattern ? [] : [['Stream', stream] as const]),
    ['Service', service],
    ['Kind', letter.broadcast ? `${kind}, of a broadcast` : kind],
    ['Reason', reason],
    ['Attempts', count(attempts)],
    ['Deliveries', count(deliveries)],
    ['Stored', moment(storedAt(entryId))],
    ['Given up', moment(at)],
    ['By', consumer],
    ['Entry', entryId],
    ['Codec', letter.codec ?? 'unknown'],
    ...(letter.replayed > 0
      ? [['Replayed before', `${count(letter.replayed)} ×, first as ${letter.originalId}`] as const]
      : []),
    [
      'Can be replayed',
      letter.replayable
        ? 'yes'
        : letter.broadcast
          ? 'no: it was a broadcast'
          : 'with new data only',
    ],
  ];
  return (
    <dl class="facts card">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{shown(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** JSON over several lines; what is too long to be worth it stays as it is. */
export function pretty(text: string): string {
  if (text.length > 100_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
