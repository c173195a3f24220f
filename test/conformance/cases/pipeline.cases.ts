import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { Journal } from '../fixture/journal.js';
import { PipelineController } from '../fixture/pipeline.controller.js';
import { completed, failed, internalError, type Outcome, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [PipelineController], providers: [Journal] })
class PipelineModule {}

const invalid = {
  code: 'INVALID',
  fields: [
    { property: 'name', constraints: { minLength: expect.stringContaining('longer than') } },
    {
      property: 'lives',
      constraints: {
        isInt: 'lives must be an integer number',
        min: 'lives must not be less than 0',
      },
    },
  ],
};
const forbidden = { status: 'error', message: 'Forbidden resource' };

export function pipelineCases(transport: TransportUnderTest): void {
  describe('N8 pipes, guards, interceptors, filters', () => {
    let service: ComparedService;
    let client: ClientProxy;
    let journal: Journal;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      const app = await service.serve(PipelineModule);
      journal = app.get(Journal);
      client = await service.connected();
    });
    beforeEach(() => {
      journal.lines.length = 0;
    });
    afterAll(() => service.close());

    const cases: [id: string, pattern: string, data: unknown, outcome: Outcome][] = [
      ['N8.1 M7 a valid DTO', 'validated', { name: 'Tom', lives: 9 }, completed(['Tom', 9, true])],
      ['N8.2 M7 an invalid DTO', 'validated', { name: 'T', lives: -0.5 }, failed(invalid)],
      ['N8.3 the default exception', 'validated-plainly', { name: 1 }, failed(internalError)],
      ['N8.4 pipes of a member', 'member', { id: '7', name: 'Tom' }, completed([7, 'Tom'])],
      ['N8.5 a pipe that throws', 'member', { id: 'seven' }, failed(internalError)],
      ['N8.6 a guard lets in', 'guarded', 'open', completed('let in')],
      ['N8.7 a guard says no', 'guarded', 'no', failed(forbidden)],
      ['N8.8 a guard throws RpcException', 'guarded', 'rpc', failed({ code: 'E_GUARD' })],
      ['N8.9 a guard throws HttpException', 'guarded', 'http', failed(internalError)],
      ['N8.10 an interceptor maps every value', 'doubled', [1, 2, 3], completed(2, 4, 6)],
      ['N8.11 an interceptor limits the time', 'late', {}, failed({ code: 'E_SLOW' })],
      [
        'N8.12 an interceptor throws',
        'intercepted-error',
        {},
        failed({ status: 'error', message: 'intercepted' }),
      ],
      ['N8.13 a filter', 'filtered', 'Tom', failed({ code: 'E_NO_CAT', name: 'Tom' })],
      [
        'N8.14 a filter of a stream',
        'filtered-stream',
        'Tom',
        failed({ code: 'E_NO_CAT', name: 'Tom' }),
      ],
      ['N8.15 a filter of other errors', 'unfiltered', {}, failed(internalError)],
      ['N8.16 a filter answers', 'filter-value', {}, completed('a substitute', 'and another')],
      ['N8.17 a filter returns EMPTY', 'filter-silenced', {}, completed()],
    ];
    test.each(cases)('%s', async (_id, pattern, data, outcome) => {
      expect(await outcomeOf(client.send(`pipeline.${pattern}`, data))).toEqual(outcome);
    });

    test('N8.18 an interceptor sees values, completion and time', async () => {
      await outcomeOf(client.send('pipeline.noted', 'hello'));
      expect(journal.lines).toEqual(['before rpc noted', 'value hello', 'took true']);
    });

    test('N8.19 an interceptor sees the error', async () => {
      await outcomeOf(client.send('pipeline.noted', 'fail'));
      expect(journal.lines).toEqual(['before rpc noted', 'error failed']);
    });

    test('N8.20 guard, interceptor, pipe, handler, in this order', async () => {
      expect(await outcomeOf(client.send('pipeline.order', 'x'))).toEqual(completed('x'));
      expect(journal.lines).toEqual(['guard', 'interceptor before', 'pipe', 'interceptor after']);
    });

    test('N8.21 the filter sees what the handler threw', async () => {
      const outcome = await outcomeOf(client.send('pipeline.order', 'fail'));
      expect(outcome).toEqual(failed({ caught: 'in handler' }));
      expect(journal.lines).toEqual([
        'guard',
        'interceptor before',
        'pipe',
        'filter in handler',
        'interceptor after',
      ]);
    });
  });
}
