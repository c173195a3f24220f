// The projects of consumers: what they install, how they are compiled and run.

/** How TypeScript compiles. */
export interface Compilation {
  /** Version, as in package.json. */
  readonly typescript: string;
  readonly module: 'commonjs' | 'esnext' | 'node16' | 'nodenext';
  readonly moduleResolution: 'node10' | 'bundler' | 'node16' | 'nodenext';
}

export interface Consumer {
  readonly name: string;
  /** What `"type"` of its package.json says. */
  readonly type: 'module' | 'commonjs';
  /** Versions of what every consumer has: `@nestjs/*`, ioredis, class-validator. */
  readonly nest: Readonly<Record<'common' | 'core' | 'microservices', string>>;
  readonly ioredis: string;
  readonly validator: string;
  /** That of the program that is run. The types of all packages are checked: there is no `skipLibCheck`. */
  readonly compile: Compilation;
  /** More ways to compile it, of which only the types are checked. */
  readonly types?: readonly Compilation[];
  /** Whether the program runs under Jest as well. */
  readonly jest?: boolean;
  /** Default: npm. */
  readonly manager?: 'pnpm';
  /** Whether `.ci/run` has it. */
  readonly always?: boolean;
}

const each = (version: string) => ({ common: version, core: version, microservices: version });

const TS_5_6 = '~5.6.3';
const TS_5_9 = '~5.9.3';
const TS_6 = '~6.0.3';

/** Every way to resolve modules, by each version of TypeScript. */
const everyWay = [TS_5_6, TS_5_9, TS_6].flatMap((typescript): Compilation[] => [
  { typescript, module: 'commonjs', moduleResolution: 'node10' },
  { typescript, module: 'esnext', moduleResolution: 'bundler' },
  { typescript, module: 'node16', moduleResolution: 'node16' },
]);

export const CONSUMERS: readonly Consumer[] = [
  {
    // The oldest versions that the package says it works with.
    name: 'nest-11-cjs-jest',
    type: 'commonjs',
    nest: each('11.1.0'),
    ioredis: '5.10.0',
    validator: '0.14.0',
    compile: { typescript: TS_5_6, module: 'commonjs', moduleResolution: 'node10' },
    jest: true,
    always: true,
  },
  {
    name: 'nest-11-ioredis-5',
    type: 'commonjs',
    nest: each('^11.1.0'),
    ioredis: '^5.10.0',
    validator: '^0.14.0',
    compile: { typescript: TS_5_9, module: 'nodenext', moduleResolution: 'nodenext' },
  },
  {
    name: 'nest-11-ioredis-6',
    type: 'module',
    nest: each('^11.1.0'),
    ioredis: '^6.0.0',
    validator: '^0.15.0',
    compile: { typescript: TS_5_9, module: 'nodenext', moduleResolution: 'nodenext' },
    types: everyWay,
  },
  {
    name: 'nest-12-esm',
    type: 'module',
    nest: each('^12.0.4'),
    ioredis: '^6.0.0',
    validator: '^0.15.0',
    compile: { typescript: TS_6, module: 'nodenext', moduleResolution: 'nodenext' },
    types: everyWay,
  },
  {
    name: 'nest-12-cjs',
    type: 'commonjs',
    nest: each('12.0.4'),
    ioredis: '6.0.0',
    validator: '^0.15.0',
    compile: { typescript: TS_6, module: 'nodenext', moduleResolution: 'nodenext' },
  },
  {
    // Each package sees only what it asks for itself.
    name: 'nest-12-pnpm',
    type: 'module',
    nest: each('^12.0.4'),
    ioredis: '^6.0.0',
    validator: '^0.15.0',
    compile: { typescript: TS_6, module: 'nodenext', moduleResolution: 'nodenext' },
    manager: 'pnpm',
  },
];
