import { useEffect, useState } from 'preact/hooks';

let listener: ((text: string) => void) | undefined;

/** Tells what was done, for eyes and for ears. */
export const tell = (text: string): void => listener?.(text);

/** Where it is told. It stays long enough to be read, and can be sent away. */
export function Status() {
  const [text, set] = useState('');
  useEffect(() => {
    listener = set;
    return () => (listener = undefined);
  }, []);
  useEffect(() => {
    if (text === '') return undefined;
    const timer = setTimeout(() => set(''), 15_000);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class={`status ${text === '' ? 'empty' : ''}`} role="status" aria-live="polite">
      {text}
      {text !== '' && (
        <button type="button" class="plain" aria-label="Dismiss" onClick={() => set('')}>
          ✕
        </button>
      )}
    </div>
  );
}
