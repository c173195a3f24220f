import { useEffect, useRef, useState } from 'preact/hooks';
import { shown } from '../format.js';
import { pretty, type SentLetter } from '../pages/letter.js';
import { change } from '../server.js';
import { tell } from './status.js';

/** Replays a letter with other data or headers. */
export function Editor(given: {
  readonly letter: SentLetter;
  readonly hidden: boolean;
  readonly close: () => void;
  readonly done: () => void;
}) {
  const { letter, hidden, close, done } = given;
  const dialog = useRef<HTMLDialogElement>(null);
  const before = hidden || letter.codec !== 'json' ? '' : pretty(letter.text ?? '');
  const headersBefore = JSON.stringify(letter.headers, null, 2);
  const [data, setData] = useState(before);
  const [headers, setHeaders] = useState(headersBefore);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const replay = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const changes = {
        ...(data === before && letter.replayable ? {} : { data: parsed('data', data) }),
        ...(hidden || headers === headersBefore ? {} : { headers: parsed('headers', headers) }),
      };
      const { service, id } = letter;
      const { entry } = await change<{ entry: string }>('letter/edit', { service, id, ...changes });
      dialog.current?.close();
      tell(`Replayed as ${entry} of ${shown(letter.pattern)}, for ${shown(service)}.`);
      done();
    } catch (failure) {
      setError((failure as Error).message);
    }
    setBusy(false);
  };
  return (
    <dialog ref={dialog} class="wide" aria-labelledby="edit" onClose={close}>
      <h2 id="edit">Edit and replay</h2>
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
      {error !== undefined && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="main" disabled={busy} onClick={() => void replay()}>
          {busy ? 'Working…' : 'Replay'}
        </button>
      </div>
    </dialog>
  );
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The ${name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
