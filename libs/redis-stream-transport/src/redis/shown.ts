import { inspect, type InspectOptions } from 'node:util';
import type { RedisTarget } from '../options/index.js';

/**
 * Makes the objects of a class show a few facts in `util.inspect` and in JSON, instead of everything that they hold:
 * options with passwords, connections, and the data of calls. It never throws: the prototype itself, and a mock made
 * of it, show no facts.
 */
export function showOnly<T extends object>(
  type: { readonly prototype: T; readonly name: string },
  facts: (of: T) => object,
): void {
  const known = (of: T): object => {
    try {
      return facts(of);
    } catch {
      return {};
    }
  };
  const shown = {
    toJSON(this: T): object {
      return known(this);
    },
    [inspect.custom](this: T, _depth: number, options: InspectOptions): string {
      const { name } = (this.constructor as { name?: unknown } | undefined) ?? {};
      return `${typeof name === 'string' ? name : type.name} ${inspect(known(this), options)}`;
    },
  };
  for (const name of Reflect.ownKeys(shown)) {
    const value: unknown = Reflect.get(shown, name);
    Object.defineProperty(type.prototype, name, { value, configurable: true, writable: true });
  }
}

/** The address of Redis as text, without user and password. */
export function placeOf(target: RedisTarget): string {
  switch (target.kind) {
    case 'client':
      return 'the address of the given client';
    case 'cluster':
      return 'the given cluster nodes';
    case 'single': {
      const { path, host, port, sentinels } = target.options;
      if (sentinels != null && sentinels.length > 0) return 'the given sentinels';
      return path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
    }
  }
}
