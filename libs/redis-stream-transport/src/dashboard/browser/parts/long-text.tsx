import { useState } from 'preact/hooks';
import { count, shownLines } from '../format.js';

const FIRST = 20_000;

/** A text of others, as text. A long one is shown in part, so that a megabyte does not stop the page. */
export function LongText({ name, text }: { readonly name: string; readonly text: string }) {
  const [all, show] = useState(false);
  const part = all ? text : text.slice(0, FIRST);
  return (
    <>
      <pre tabIndex={0} role="group" aria-label={`Text: ${name}`}>
        {shownLines(part)}
      </pre>
      {part.length < text.length && (
        <p>
          <button type="button" onClick={() => show(true)}>
            Show all {count(text.length)} characters
          </button>
        </p>
      )}
    </>
  );
}
