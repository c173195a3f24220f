// Operators ask instances in Python what they have done, as they ask those of Nest.
import { onTestFinished } from 'vitest';
import { patternStatistics, readStatistics } from 'nestjs-redis-streams/operate';
import { HOW_TO_GET, pythonAt } from '../../tools/python.js';
import { eventually } from '../../tools/wait.js';
import { command } from '../contracts/command.js';
import { redisUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';
import { startPython } from './python.js';

const at = pythonAt();
if (at === undefined) console.log(HOW_TO_GET);

test.skipIf(at === undefined)(
  'a service in Python says what it has done, on the command line too',
  { timeout: 120_000 },
  async () => {
    const service = new TestService();
    const { prefix } = service;
    const options = JSON.stringify({ url: redisUrl, prefix, group: 'work', lease: 3 });
    const started = startPython(at!, ['tests/programs/service.py', options]);
    onTestFinished(() => void started.kill());
    const caller = service.client({ whenNoConsumer: 'wait', timeout: 60_000 });
    expect(await caller.call('echo', 1)).toBe(1);
    expect(await caller.failure('fail', 'no')).toMatchObject({ message: 'no' });
    await eventually(async () => {
      const said = await readStatistics(service.address, { fresh: 0, patience: 2000 });
      expect(said).toMatchObject({ silent: [], instances: [{ service: 'work', running: 0 }] });
      const all = patternStatistics(said).map(({ pattern, ended, errors }) => [
        pattern,
        ended,
        errors,
      ]);
      expect(all.toSorted()).toEqual([
        ['echo', 1, 0],
        ['fail', 1, 1],
      ]);
      expect(patternStatistics(said)[0]?.p50).toBeGreaterThan(0);
    }, 30_000);
    const shown = await command('stats', '--prefix', prefix);
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out).toMatch(/echo/);
  },
);
