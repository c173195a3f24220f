import { useState } from 'preact/hooks';
import { shown } from '../format.js';
import { pretty, type SentLetter } from '../pages/letter.js';
import { change } from '../server.js';
import { Confirm } from './confirm.js';
import { tell } from './status.js';

/** Replays a letter with other data or headers. */
export function Editor(given: {
  readonly letter: SentLetter;
  readonly hidden: boolean;
  readonly close: () => void;
  readonly done: () => void;
}) {
  const { letter, hidden, close, done } = given;
  const before = hidden || letter.codec !== 'json' ? '' : pretty(letter.text ?? '');
  const headersBefore = JSON.stringify(letter.headers, null, 2);
  const [data, setData] = useState(before);
  const [headers, setHeaders] = useState(headersBefore);
  const replay = async (): Promise<void> => {
    const changes = {
      ...(data === before && letter.replayable ? {} : { data: parsed('data', data) }),
      ...(hidden || headers === headersBefore ? {} : { headers: parsed('headers', headers) }),
    };
    const { service, id } = letter;
    const { entry } = await change<{ entry: string }>('letter/edit', { service, id, ...changes });
    tell(`Replayed as ${entry} of ${shown(letter.pattern)}, for ${shown(service)}.`);
    done();
  };
  const text = (
    <>
      <p class="faint">
        It goes back into its stream as what stands here.{' '}
        {hidden && 'Data is hidden: what you leave empty stays as it was.'}
      </p>
      <label class="field">
        Data, as JSON
        <textarea
          rows={12}
          spellcheck={false}
          value={data}
          onInput={(event) => setData(event.currentTarget.value)}
        />
      </label>
      {!hidden && (
        <label class="field">
          Headers, as a JSON object of texts
          <textarea
            rows={4}
            spellcheck={false}
            value={headers}
            onInput={(event) => setHeaders(event.currentTarget.value)}
          />
        </label>
      )}
    </>
  );
  const question = { title: 'Edit and replay', text, verb: 'Replay', wide: true, act: replay };
  return <Confirm question={question} close={close} />;
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The ${name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
