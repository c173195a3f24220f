// One consumer: a fresh folder, in which the tarball is installed, compiled against and run.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { endsWithThis } from '../../tools/process.js';
import { cache } from '../../tools/repository.js';
import type { Compilation, Consumer } from './projects.js';

const PROGRAM = join(import.meta.dirname, 'program');
/** Its types are not those of a module of the project: it is an ES module in all of them. */
const COPIES = 'copies.mts';
/** Milliseconds that one command may take. */
const PATIENCE = 240_000;
/** Characters of what a command printed. */
const MAX_PRINTED = 4000;
const PNPM = '^10.0.0';

export interface Outcome {
  /** What was seen to work, or undefined. */
  readonly works: string | undefined;
  readonly problems: readonly string[];
}

/** How a command ended. */
interface Ended {
  readonly code: number | null;
  readonly printed: string;
}

/** Names what a version of TypeScript is installed as: a project may have several. */
const compilerOf = ({ typescript }: Compilation): string =>
  `typescript-${typescript.replace(/[^\d.]/g, '')}`;

export class Project {
  private readonly problems: string[] = [];

  constructor(
    private readonly consumer: Consumer,
    private readonly folder: string,
    private readonly tarball: string,
    private readonly url: string,
  ) {}

  async run(): Promise<Outcome> {
    this.write();
    if (!(await this.install())) return { works: undefined, problems: this.problems };
    const { compile, types = [], jest = false } = this.consumer;
    for (const way of types) await this.tsc(way, { noEmit: true });
    const seen = [];
    if (await this.tsc(compile, { outDir: 'out' })) seen.push(await this.node('out/main.js'));
    seen.push(await this.node('copies.mjs'));
    if (jest && (await this.node('node_modules/jest/bin/jest.js')) !== undefined)
      seen.push('the same under Jest');
    const works = seen.filter((line) => line !== undefined).join('; ');
    return { works, problems: this.problems };
  }

  /** Which versions were installed, by package. */
  get versions(): Readonly<Record<string, string>> {
    const shown = ['@nestjs/core', '@nestjs/microservices', 'ioredis'].map((name) => {
      const file = join(this.folder, 'node_modules', name, 'package.json');
      return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version];
    });
    return Object.fromEntries(shown) as Record<string, string>;
  }

  private write(): void {
    const { consumer, folder } = this;
    mkdirSync(folder, { recursive: true });
    const manifest = {
      name: consumer.name,
      private: true,
      type: consumer.type,
      dependencies: this.dependencies(),
      jest: JEST,
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
    for (const name of readdirSync(PROGRAM))
      if (name !== COPIES && (consumer.jest || !name.endsWith('.test.ts')))
        cpSync(join(PROGRAM, name), join(folder, name));
    const { outputText } = ts.transpileModule(readFileSync(join(PROGRAM, COPIES), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(folder, COPIES.replace('.mts', '.mjs')), outputText);
  }

  private dependencies(): Record<string, string> {
    const { nest, ioredis, validator, compile, types = [], jest } = this.consumer;
    const compilers = [compile, ...types].map((way) => [
      compilerOf(way),
      `npm:typescript@${way.typescript}`,
    ]);
    return {
      'nestjs-redis-streams': `file:${this.tarball}`,
      ...Object.fromEntries(
        Object.entries(nest).map(([name, range]) => [`@nestjs/${name}`, range]),
      ),
      ioredis,
      'class-validator': validator,
      'class-transformer': '^0.5.1',
      'reflect-metadata': '^0.2.2',
      rxjs: '^7.8.2',
      '@msgpack/msgpack': '^3.1.0',
      '@types/node': '^20.19.0',
      ...(Object.fromEntries(compilers) as Record<string, string>),
      ...(jest ? { jest: '^30.0.0', 'ts-jest': '^29.4.0', '@types/jest': '^30.0.0' } : {}),
      ...(jest ? { typescript: compile.typescript } : {}),
    };
  }

  /** As a user does: a peer that does not fit ends it. */
  private async install(): Promise<boolean> {
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-package-lock'];
    if (this.consumer.manager !== 'pnpm')
      return (await this.command('npm install', 'npm', 'install', ...quiet)) !== undefined;
    const tool = join(this.folder, 'tool');
    mkdirSync(tool);
    await this.command('npm install', 'npm', 'install', '--prefix', tool, ...quiet, `pnpm@${PNPM}`);
    const pnpm = join(tool, 'node_modules/pnpm/bin/pnpm.cjs');
    const alone = ['--config.hoist=false', '--config.strict-peer-dependencies=true'];
    const store = `--store-dir=${join(cache, 'pnpm')}`;
    const args = ['install', '--no-lockfile', '--reporter=append-only', store, ...alone];
    return (await this.command('pnpm', process.execPath, pnpm, ...args)) !== undefined;
  }

  /** Whether the program and our declarations are right. Those of other packages are checked too, and not judged. */
  private async tsc(way: Compilation, more: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { module, moduleResolution, typescript } = way;
    const { jest = false } = this.consumer;
    const isOutdated = moduleResolution === 'node10' && typescript.startsWith('~6');
    const compilerOptions = {
      strict: true,
      skipLibCheck: false,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      target: 'es2022',
      lib: ['es2023'],
      module,
      moduleResolution,
      rootDir: '.',
      types: ['node', ...(jest ? ['jest'] : [])],
      ...(isOutdated ? { ignoreDeprecations: '6.0' } : {}),
      ...more,
    };
    const files = ['main.ts', ...(jest ? ['check.test.ts'] : [])];
    writeFileSync(join(this.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const bin = join('node_modules', compilerOf(way), 'bin/tsc');
    const { code, printed } = await this.start(process.execPath, [bin, '-p', '.']);
    const others = /^node_modules\/(?!nestjs-redis-streams\/)/;
    const lines = printed.split('\n').filter((line) => line !== '' && !line.startsWith(' '));
    const ours = lines.filter((line) => !others.test(line));
    const isRight = code === 0 || (lines.length > 0 && ours.length === 0);
    const label = `TypeScript ${typescript}, moduleResolution ${moduleResolution}`;
    if (!isRight) this.problems.push(`${label}: ${ours.join('\n')}`);
    return isRight;
  }

  /** What a program prints. */
  private async node(file: string): Promise<string | undefined> {
    const printed = await this.command(file, process.execPath, file);
    return printed?.trim();
  }

  /** What a command prints; undefined if it fails, which is a problem. */
  private async command(
    label: string,
    bin: string,
    ...args: string[]
  ): Promise<string | undefined> {
    const { code, printed } = await this.start(bin, args);
    if (code === 0) return printed;
    this.problems.push(`${label}: ${printed.trim().slice(0, MAX_PRINTED)}`);
    return undefined;
  }

  private async start(bin: string, args: readonly string[]): Promise<Ended> {
    const env = { ...process.env, CONSUMER_REDIS: this.url, NODE_PATH: '' };
    const child = endsWithThis(spawn(bin, args, { cwd: this.folder, env, timeout: PATIENCE }));
    const parts: string[] = [];
    const keep = (text: Buffer) => void parts.push(String(text));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', (error) => {
        parts.push(error.message);
        resolve(1);
      });
      child.once('close', resolve);
    });
    return { code, printed: parts.join('') };
  }

  /** Removes the folder. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What docs/testing.md tells users of CommonJS to write. */
const JEST = {
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': 'ts-jest',
    'node_modules/nestjs-redis-streams/.+\\.js$': ['ts-jest', { tsconfig: { allowJs: true } }],
  },
  transformIgnorePatterns: ['node_modules/(?!nestjs-redis-streams/)'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};
