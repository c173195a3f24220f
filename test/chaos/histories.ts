import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { answerHash, requestHash } from '../../chaos/kit/work.js';

type Event = Record<string, unknown>;

export const TIMEOUT = 30_000;
const HASH = (id: string): string => requestHash({ id });

/**
 * Histories of a small run by hand: one caller, two instances, ten calls that all went well. A test
 * changes what it wants to see found.
 */
export class Histories {
  readonly caller: Event[] = [];
  readonly services: Record<string, Event[]> = { 'service-1.1': [], 'service-2.1': [] };
  readonly nemesis: Event[] = [];
  readonly run: Event[] = [];
  readonly offsets: Event[] = [];
  readonly plan: Event = { scenario: 'S0', seed: 1, size: 'pr', calls: 10, mix: [], expect: {} };
  readonly quiet = {
    k: 'quiet',
    streams: [{ name: '{chaos}:s:work', length: 0, pending: 0, consumers: 2, dead: 0 }],
    keys: [{ key: '{chaos}:s:work', ttl: -1 }],
    effects: { count: 0, repeated: [] },
  };

  constructor() {
    for (const [i, name] of ['caller-1', ...Object.keys(this.services)].entries()) {
      const kind = name.split('-')[0];
      this.run.push({ k: 'spawn', name, kind, pid: 100 + i, t: 0 }, { k: 'up', name, t: 1 });
      const held = { heap: 2e7, sockets: 3, timers: 5, maps: { calls: 0 }, t: 2 };
      for (const when of ['before', 'after'])
        this.run.push({ k: 'vitals', when, name, kind, ...held });
      this.of(name).push({ k: 'status', value: 'connected', t: 1 });
    }
    this.run.push({ k: 'load', t: 10 }, { k: 'loaded', t: 90_000 });
    for (let n = 1; n <= 10; n++) {
      this.start(`c-${n}`, n * 100);
      this.execution(`c-${n}`, 'service-1.1', n * 100 + 2, n * 100 + 12);
      this.value(`c-${n}`, n * 100 + 15);
    }
  }

  of(name: string): Event[] {
    return this.services[name] ?? this.caller;
  }

  start(id: string, t: number): void {
    this.caller.push({ k: 'start', id, p: 'work', q: HASH(id), timeout: TIMEOUT, t });
  }

  /** An event that was stored at once. */
  event(id: string, t: number): void {
    const start = { k: 'start', id, p: 'told', q: HASH(id), timeout: TIMEOUT, event: true, t };
    this.caller.push(start, { k: 'end', id, o: 'stored', t: t + 1 });
  }

  value(id: string, t: number, r = answerHash(HASH(id))): void {
    this.caller.push({ k: 'end', id, o: 'value', r, t });
  }

  fault(id: string, t: number, code: string, says: 'not-run' | 'may-have-run'): void {
    this.caller.push({ k: 'end', id, o: 'fault', code, says, t });
  }

  /** @param e id of its entry */
  execution(
    id: string,
    process: string,
    begin: number,
    finish?: number,
    p = 'work',
    e?: string,
  ): void {
    const n = this.of(process).length;
    this.of(process).push({ k: 'begin', n, id, p, q: HASH(id), d: 1, c: process, e, t: begin });
    if (finish !== undefined) this.of(process).push({ k: 'finish', n, t: finish });
  }

  nemesisDid(facts: Event, from: number, to: number): void {
    const n = this.nemesis.length + 1;
    this.nemesis.push({ k: 'fault', n, ...facts, t: from }, { k: 'over', n, t: to });
  }

  /**
   * Another server takes over from 2000 on; the replica had received what was written until 1900. The former primary takes
   * no more writes from `ceased` on.
   */
  failedOver(facts: Event = {}, ceased = 2000): void {
    for (const [t, offset] of [
      [1880, 100],
      [1900, 200],
      [1920, 300],
      [1940, 400],
    ])
      this.offsets.push({ k: 'offset', port: 7001, offset, t });
    const n = this.nemesis.length + 1;
    const given = { what: 'primary-kill', excuses: 'unreceived', ...facts };
    this.nemesis.push({ k: 'fault', n, ...given, t: 1950 });
    this.nemesis.push({ k: 'over', n, former: 7001, received: 250, ...facts, t: 2000 });
    this.nemesis.push({ k: 'ceased', n, t: ceased }, { k: 'restored', n, t: 4000 });
  }

  /** Writes the files and returns their folder. */
  written(): string {
    const folder = mkdtempSync(join(tmpdir(), 'nrs-histories-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const lines = (events: readonly Event[]): string =>
      events.map((event) => `${JSON.stringify(event)}\n`).join('');
    for (const part of ['callers', 'services']) mkdirSync(join(folder, part));
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(this.plan));
    writeFileSync(join(folder, 'run.jsonl'), lines([...this.run, this.quiet]));
    writeFileSync(join(folder, 'offsets.jsonl'), lines(this.offsets));
    writeFileSync(join(folder, 'nemesis.jsonl'), lines(this.nemesis));
    writeFileSync(join(folder, 'callers', 'caller-1.jsonl'), lines(this.caller));
    for (const [name, events] of Object.entries(this.services)) {
      writeFileSync(join(folder, 'services', `${name}.jsonl`), lines(events));
    }
    return folder;
  }
}
