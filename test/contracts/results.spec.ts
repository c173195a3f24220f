import { Controller, Logger } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { of, type Observable } from 'rxjs';
import { z } from 'zod';
import {
  Command,
  Contract,
  contractClient,
  Implements,
  InvalidResultError,
  remote,
  Streamed,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { failure, serve } from './support.js';

class Receipt {
  @IsString() id!: string;
  @IsInt() bytes!: number;
}

/** Waits before it judges, as a validator that asks a database would. */
const Slow = z.string().refine(async (text) => Promise.resolve(text !== 'bad'));

@Contract({ name: 'results', version: '1.0.0' })
abstract class ResultsContract {
  @Command({ returns: () => Receipt, validateResult: true }) checked(as: string): Command<Receipt> {
    return remote(as);
  }
  @Command({ returns: () => Receipt }) unchecked(as: string): Command<Receipt> {
    return remote(as);
  }
  @Command({ returns: () => [Receipt], validateResult: true }) list(
    as: string,
  ): Command<Receipt[]> {
    return remote(as);
  }
  @Command({ returns: () => Slow, validateResult: true }) slow(as: string): Command<string> {
    return remote(as);
  }
  @Streamed({ returns: () => Number, validateResult: true }) numbers(as: string): Streamed<number> {
    return remote(as);
  }
}

const good = { id: 'a', bytes: 3 };
const results: Readonly<Record<string, unknown>> = {
  good,
  instance: Object.assign(new Receipt(), good),
  bad: { id: 'a', bytes: 'secret' },
  none: undefined,
  nothing: null,
};

@Controller()
@Implements(ResultsContract)
class ResultsController {
  checked(as: string): Receipt {
    return results[as] as Receipt;
  }
  unchecked(as: string): Receipt {
    return results[as] as Receipt;
  }
  list(as: string): Promise<Receipt[]> {
    return Promise.resolve([good, results[as] as Receipt]);
  }
  slow(as: string): string {
    return as;
  }
  numbers(as: string): Observable<number> {
    return of(1, 2, results[as] as number);
  }
}

async function client() {
  const { proxy } = await serve({ controllers: [ResultsController] });
  return contractClient(ResultsContract, proxy);
}

test('a result that fits arrives, as an object or as an instance', async () => {
  const files = await client();
  expect(await files.checked('good')).toEqual(good);
  expect(await files.checked('instance')).toBeInstanceOf(Receipt);
  expect(await files.list('good')).toEqual([good, good]);
  expect(await files.slow('fine')).toBe('fine');
});

test.each(['bad', 'none', 'nothing'])(
  'a result that does not fit (%s) is a fault of the service, and not sent',
  async (as) => {
    const files = await client();
    for (const method of ['checked', 'list'] as const) {
      const error = await failure(files[method](as));
      expect(error).toMatchObject({ name: 'InvalidResultError', code: 'INVALID_RESULT' });
      expect(error).toMatchObject({ details: [{ property: expect.stringMatching(/^result/) }] });
      expect(JSON.stringify(error)).not.toContain('secret');
    }
  },
);

test('a check that waits is waited for', async () => {
  const files = await client();
  expect(await failure(files.slow('bad'))).toMatchObject({ code: 'INVALID_RESULT' });
});

test('values before the one that does not fit are streamed', async () => {
  const files = await client();
  const values: number[] = [];
  const error = await failure(
    (async () => {
      for await (const value of files.numbers('bad')) values.push(value);
    })(),
  );
  expect(values).toEqual([1, 2]);
  expect(error).toMatchObject({ code: 'INVALID_RESULT' });
});

test('it is told whatever else is exposed, and logged by the service', async () => {
  @Controller()
  @Implements(ResultsContract, { expose: 'declared' })
  class Silent extends ResultsController {}
  const logged: string[] = [];
  const spy = vi.spyOn(Logger.prototype, 'error').mockImplementation((line) => {
    logged.push(String(line));
  });
  onTestFinished(() => spy.mockRestore());
  const { proxy } = await serve({ controllers: [Silent] });
  const files = contractClient(ResultsContract, proxy);
  const streamed = (async () => {
    for await (const _ of files.numbers('bad')) continue;
  })();
  const ends = [files.checked('bad'), files.slow('bad'), streamed].map(failure);
  for (const error of await Promise.all(ends)) {
    expect(error).toMatchObject({ name: 'InvalidResultError', code: 'INVALID_RESULT' });
    expect(JSON.stringify(error)).not.toContain('secret');
  }
  expect(logged.filter((line) => line.includes('InvalidResultError'))).toHaveLength(3);
});

test('results are not checked unless the method says so', async () => {
  const files = await client();
  expect(await files.unchecked('bad')).toEqual(results['bad']);
});

test('a method that checks its result must name what to check with', () => {
  expect(() => {
    @Contract({ name: 'wrong', version: '1.0.0' })
    abstract class Wrong {
      @Command({ validateResult: true }) run(): Command<string> {
        return remote();
      }
    }
    return Wrong;
  }).toThrow('Wrong.run: it has "validateResult" and no "returns" to check with');
});

test('the error is told apart by the service that throws it', () => {
  expect(InvalidResultError.is(new InvalidResultError('a.b', []))).toBe(true);
  expect(InvalidResultError.is(new Error('no'))).toBe(false);
});
