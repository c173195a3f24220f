import { spawnSync } from 'node:child_process';

/** A program that can be started as a server. */
export interface ServerProgram {
  readonly bin: string;
  readonly env: NodeJS.ProcessEnv;
  /** How it was found. */
  readonly from: string;
}

const OLDEST_MAJOR = 7;

/** What to do where there is no server. */
export const ADVICE = `No Redis ${OLDEST_MAJOR} or Valkey server found. Set REDIS_URL to a running one, or install one:
  Debian, Ubuntu:  apt-get install redis-server
  Fedora, RHEL:    dnf install valkey
  Alpine:          apk add valkey
  macOS:           brew install redis
  Windows:         run this in WSL, or: docker run -p 6379:6379 redis:8`;

/** Looks for a program in several ways. */
export class ServerSearch {
  private readonly rejected: string[] = [];

  /** The program of NRS_REDIS_BIN, or one on PATH; undefined: there is none. */
  installed(): ServerProgram | undefined {
    const { env } = process;
    if (env.NRS_REDIS_BIN) {
      const named = { bin: env.NRS_REDIS_BIN, env, from: 'NRS_REDIS_BIN' };
      if (this.isUsable(named)) return named;
      throw new Error(`NRS_REDIS_BIN is of no use: ${this.rejected.join('; ')}`);
    }
    const programs = ['valkey-server', 'redis-server'].map((bin) => ({ bin, env, from: 'PATH' }));
    return programs.find((program) => this.isUsable(program));
  }

  isUsable(program: ServerProgram): boolean {
    const problem = problemOf(program);
    if (problem !== undefined) this.rejected.push(problem);
    return problem === undefined;
  }

  /** Says what to install, and why what was found is of no use. */
  get failure(): Error {
    return new Error([ADVICE, ...this.rejected.map((problem) => `  (${problem})`)].join('\n'));
  }
}

/** Why this program cannot be used; undefined if it can. */
function problemOf({ bin, env }: ServerProgram): string | undefined {
  const run = spawnSync(bin, ['--version'], { env, encoding: 'utf8' });
  const { error } = run;
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') return `${bin}: not found`;
  const major = /\bv=(\d+)\./.exec(run.stdout ?? '')?.[1];
  const reason = run.stderr?.trim() || error?.message || 'it prints no version';
  if (major === undefined) return `${bin}: not a server that starts: ${reason}`;
  if (Number(major) < OLDEST_MAJOR) return `${bin}: version ${major} is too old`;
  return undefined;
}
