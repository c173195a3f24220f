/**
 * | state    | takes work | finishes work | next                |
 * |----------|------------|---------------|---------------------|
 * | idle     | no         | no            | starting, closed    |
 * | starting | no         | no            | running, closed     |
 * | running  | yes        | yes           | draining, closed    |
 * | draining | no         | yes           | closed              |
 * | closed   | no         | no            | starting            |
 */
export type LifecycleState = 'idle' | 'starting' | 'running' | 'draining' | 'closed';

const NEXT: Readonly<Record<LifecycleState, readonly LifecycleState[]>> = {
  idle: ['starting', 'closed'],
  starting: ['running', 'closed'],
  running: ['draining', 'closed'],
  draining: ['closed'],
  closed: ['starting'],
};

/** The state of a client or a server. A move that is not in the table is a bug and throws. */
export class Lifecycle {
  private current: LifecycleState = 'idle';

  get state(): LifecycleState {
    return this.current;
  }

  is(...states: readonly LifecycleState[]): boolean {
    return states.includes(this.current);
  }

  move(to: LifecycleState): void {
    if (!NEXT[this.current].includes(to)) {
      throw new Error(`lifecycle cannot move from ${this.current} to ${to}`);
    }
    this.current = to;
  }
}
