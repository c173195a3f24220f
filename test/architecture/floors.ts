/** What one part of the core may import, besides parts on lower floors and on its own. */
interface Floor {
  readonly floor: number;
  /** Packages at run time; `node:` stands for all built-in modules, a `/` at the end for a scope. */
  readonly packages: readonly string[];
  /** Packages of which only types may be imported. */
  readonly types: readonly string[];
}

/** The core, by folder or file under the library's sources. Every other folder is an extra or a program. */
export const FLOORS: Readonly<Record<string, Floor>> = {
  'errors.ts': { floor: 0, packages: [], types: [] },
  'thrown.ts': { floor: 0, packages: [], types: [] },
  protocol: { floor: 0, packages: [], types: [] },
  options: { floor: 0, packages: [], types: ['ioredis'] },
  redis: { floor: 1, packages: ['ioredis', 'node:'], types: [] },
  engine: { floor: 2, packages: ['node:'], types: [] },
  nest: { floor: 3, packages: ['@nestjs/', 'rxjs', 'node:'], types: ['ioredis'] },
  module: { floor: 4, packages: ['@nestjs/', 'rxjs', 'node:'], types: ['ioredis'] },
  'index.ts': { floor: 5, packages: ['reflect-metadata'], types: [] },
};

/** Programs, which stand above the extras: they may import these, and nothing imports them. */
export const PROGRAMS: Readonly<Record<string, Floor>> = {
  cli: {
    floor: 7,
    packages: ['@nestjs/common', 'commander', 'reflect-metadata', 'rxjs', 'node:'],
    types: [],
  },
};

/** Extras that are built on others, and on which. */
const BUILT_ON: Readonly<Record<string, readonly string[]>> = {
  contracts: ['operate'],
  dashboard: ['dead-letters', 'operate'],
  metrics: ['operate'],
  prometheus: ['metrics'],
  opentelemetry: ['metrics'],
  testing: ['contracts', 'dead-letters'],
};

/** Whether one extra may import another. */
export const isBuiltOn = (extra: string, other: string): boolean =>
  BUILT_ON[extra]?.includes(other) ?? false;

/** The part that a file under the sources belongs to. */
export const partOf = (file: string): string => file.split('/')[0] ?? file;

/** Whether the file belongs to the core; an extra has a sub-entry of its own. */
export const isCore = (file: string): boolean => Object.hasOwn(FLOORS, partOf(file));

/** Whether the file belongs to a program. */
export const isProgram = (file: string): boolean => Object.hasOwn(PROGRAMS, partOf(file));

/** Whether a package, or a path in it, is one of the allowed ones. */
export function allows(allowed: readonly string[], specifier: string): boolean {
  return allowed.some((entry) =>
    /[:/]$/.test(entry)
      ? specifier.startsWith(entry)
      : specifier === entry || specifier.startsWith(`${entry}/`),
  );
}
