import { useEffect, useState } from 'preact/hooks';

/** Where the page is: parts of the path in the address, after `#`. */
export type Route = readonly string[];

const routeOf = (): Route =>
  location.hash
    .replace(/^#?\/?/, '')
    .split('?')[0]!
    .split('/')
    .map(decoded);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An address in this page. */
export const to = (...parts: readonly string[]): string =>
  `#/${parts.map(encodeURIComponent).join('/')}`;

export function useRoute(): Route {
  const [route, go] = useState(routeOf);
  useEffect(() => {
    const changed = (): void => go(routeOf());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
