import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** What somebody is asked before it is done. */
export interface Question {
  readonly title: string;
  readonly text: ComponentChildren;
  readonly verb: string;
  readonly danger?: boolean;
  readonly wide?: boolean;
  /** Rejects with what is shown in the dialog, which stays then. */
  readonly act: () => Promise<void>;
}

/** A question over the page. The browser keeps the focus inside, and gives it back. */
export function Confirm(given: { readonly question: Question; readonly close: () => void }) {
  const { question, close } = given;
  const { title, text, verb, danger, wide, act } = question;
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  useEffect(() => dialog.current?.showModal(), []);
  const go = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await act();
      dialog.current?.close();
    } catch (failure) {
      setError((failure as Error).message);
    }
    setBusy(false);
  };
  return (
    <dialog ref={dialog} class={wide ? 'wide' : ''} aria-labelledby="question" onClose={close}>
      <h2 id="question">{title}</h2>
      <div>{text}</div>
      {error !== undefined && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class={danger ? 'danger' : 'main'}
          disabled={busy}
          onClick={() => void go()}
        >
          {busy ? 'Working…' : verb}
        </button>
      </div>
    </dialog>
  );
}
