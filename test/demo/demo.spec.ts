import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { repository } from '../../tools/repository.js';
import { buildApps } from './build-apps.js';

interface DemoResult {
  sent: number;
  answered: number;
  failed: number;
  lost: number;
  duplicated: number;
  perInstance: Record<string, number>;
  beforeKill: Record<string, number>;
  afterJoin: Record<string, number>;
  events: { sent: number; handled: Record<string, number> };
  killed: string;
  joined: string;
  p50ms: number;
  p99ms: number;
}

const run = promisify(execFile);

describe('npm run demo -- --json', () => {
  let result: DemoResult;

  beforeAll(async () => {
    await buildApps();
    const demo = ['--import', 'tsx', 'scripts/demo.ts', '--json'];
    const { stdout } = await run(process.execPath, demo, { cwd: repository });
    result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as DemoResult;
  }, 240_000);

  it('answers every call, although an instance is killed', () => {
    expect(result.sent).toBeGreaterThanOrEqual(2_000);
    expect(result).toMatchObject({ answered: result.sent, failed: 0, lost: 0 });
    expect(sum(result.perInstance)).toBe(result.answered);
  });

  it('shares the calls among the instances, to within 30 % of an equal share', () => {
    const shares = Object.values(result.beforeKill);
    const equal = sum(result.beforeKill) / 3;

    expect(sum(result.beforeKill)).toBeGreaterThanOrEqual(700);
    expect(shares).toHaveLength(3);
    for (const share of shares) {
      expect(share).toBeGreaterThanOrEqual(equal * 0.7);
      expect(share).toBeLessThanOrEqual(equal * 1.3);
    }
  });

  it('runs again only what the killed instance was working on', () => {
    // More than 16 calls are never under way, and it had them all at the most.
    expect(result.duplicated).toBeLessThanOrEqual(16);
  });

  it('lets an instance that joins take its share', () => {
    expect(result.beforeKill).toHaveProperty(result.killed);
    expect(result.beforeKill).not.toHaveProperty(result.joined);
    expect(result.afterJoin).not.toHaveProperty(result.killed);
    // A third of the work, less what it missed while it warmed up.
    const share = (result.afterJoin[result.joined] ?? 0) / sum(result.afterJoin);
    expect(share).toBeGreaterThan(0.2);
  });

  it('brings every event to each of the two services', () => {
    const { sent, handled } = result.events;

    expect(sent).toBeGreaterThan(0);
    expect(handled).toEqual({ demo: sent, audit: sent });
  });

  it('measures what a caller waits', () => {
    expect(result.p50ms).toBeGreaterThan(0);
    expect(result.p99ms).toBeGreaterThanOrEqual(result.p50ms);
  });
});

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
