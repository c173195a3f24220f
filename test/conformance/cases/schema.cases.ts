import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { SchemaController } from '../fixture/schema.controller.js';
import { completed, failed, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [SchemaController] })
class SchemaModule {}

export function schemaCases(transport: TransportUnderTest): void {
  describe('N8 Standard Schema', () => {
    let service: ComparedService;
    let client: ClientProxy;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      await service.serve(SchemaModule);
      client = await service.connected();
    });
    afterAll(() => service.close());

    test('N8.50 a valid payload is transformed', async () => {
      expect(await outcomeOf(client.send('schema.cat', { name: 'Tom' }))).toEqual(completed('TOM'));
    });

    test('N8.51 M7 an invalid payload names what is wrong', async () => {
      const issues = [{ message: 'not a text', path: ['name'] }];
      expect(await outcomeOf(client.send('schema.cat', { name: 7 }))).toEqual(
        failed({ code: 'INVALID', issues }),
      );
    });
  });
}
