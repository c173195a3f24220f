import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { SchemaController } from '../fixture/schema.controller.js';
import { completed, failed, outcomeOf } from '../outcome.js';
import { Space, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [SchemaController] })
class SchemaModule {}

export function schemaCases(transport: TransportUnderTest): void {
  describe('N8 Standard Schema', () => {
    let space: Space;
    let client: ClientProxy;

    beforeAll(async () => {
      space = await Space.open(transport);
      await space.serve(SchemaModule);
      client = await space.connected();
    });
    afterAll(() => space.close());

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
