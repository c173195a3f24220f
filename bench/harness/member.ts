// A service or client process, seen from the bench.
import { join } from 'node:path';
import { Forked } from '../../tools/forked.js';

const entry = join(import.meta.dirname, 'member-process.js');
const closeWithinMs = 15_000;

/** Methods of a member that it can be asked for over the channel. */
type Asked<M> = {
  [What in keyof M]: M[What] extends (...args: never[]) => unknown ? What : never;
}[keyof M] &
  string;
type Arguments<M, What extends keyof M> = M[What] extends (...args: infer A) => unknown ? A : never;
type Answer<M, What extends keyof M> = M[What] extends (...args: never[]) => infer R
  ? Awaited<R>
  : never;

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** `M` is what runs in the process. */
export class Member<M extends { close(): Promise<void> }> extends Forked {
  private nextId = 0;
  private readonly open = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();

  private static readonly profiles: Map<string, number> = new Map();

  constructor(role: 'service' | 'client', peer: string, cpuProf: string | undefined) {
    const profile = cpuProf === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', cpuProf];
    const name = profile.length > 0 ? ['--cpu-prof-name', Member.profileOf(`${peer}.${role}`)] : [];
    super({
      name: `${role} of ${peer}`,
      program: entry,
      args: [role, peer],
      execArgv: [...profile, ...name],
      env: { NODE_ENV: 'production' },
    });
    this.process.on('message', (reply) => this.answered(reply as Reply));
    void this.ended.then((how) => {
      const error = new Error(`${this.name} ended with ${how}\n${this.said}`.trimEnd());
      for (const { reject } of this.open.values()) reject(error);
      this.open.clear();
    });
  }

  ask<What extends Asked<M>>(what: What, ...args: Arguments<M, What>): Promise<Answer<M, What>> {
    const id = ++this.nextId;
    return new Promise((resolve, reject) => {
      if (!this.isAlive) {
        reject(new Error(`${this.name} has ended\n${this.said}`.trimEnd()));
        return;
      }
      this.open.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.tell({ id, what, args });
    });
  }

  async close(): Promise<void> {
    if (!this.isAlive) return;
    const impatience = setTimeout(() => void this.kill(), closeWithinMs);
    await this.ask('close' as Asked<M>, ...([] as unknown as Arguments<M, Asked<M>>)).catch(
      () => undefined,
    );
    // Not a signal: a process that ends by itself writes its CPU profile.
    if (this.process.connected) this.process.disconnect();
    await this.ended;
    clearTimeout(impatience);
  }

  /** A name of its own for each process: the first of a kind has no number. */
  private static profileOf(kind: string): string {
    const count = (Member.profiles.get(kind) ?? 0) + 1;
    Member.profiles.set(kind, count);
    return `${kind}${count === 1 ? '' : `.${count}`}.cpuprofile`;
  }

  private answered({ id, result, error }: Reply): void {
    const asked = this.open.get(id);
    this.open.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(`${this.name}: ${error}`));
  }
}
