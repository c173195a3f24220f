import { useState } from 'preact/hooks';
import { to } from '../route.js';

/** Asks for a header that all of a request has, such as its correlation id. */
export function ByHeader(given: { readonly name?: string; readonly value?: string }) {
  const [name, setName] = useState(given.name ?? 'correlation-id');
  const [value, setValue] = useState(given.value ?? '');
  const go = (event: Event): void => {
    event.preventDefault();
    location.hash = to('header', name.trim(), value.trim());
  };
  return (
    <form class="bar card" role="search" aria-label="By a header" onSubmit={go}>
      <label class="field">
        Header
        <input
          type="text"
          required
          spellcheck={false}
          autocomplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label class="field grow">
        Value
        <input
          type="text"
          required
          spellcheck={false}
          autocomplete="off"
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="main">
        Follow the request
      </button>
    </form>
  );
}
