import { NEVER } from 'rxjs';
import { TestService } from '../../support/test-service.js';

it('a given client that gives commands up after a while does not break the blocking read', async () => {
  const service = new TestService();
  const where = service.given({ commandTimeout: 100, socketTimeout: 100 });
  const server = await service.serve(
    { messages: { work: () => 'done', silent: () => NEVER } },
    // The calls of `silent` never end.
    { ...where, drainTimeout: 0 },
  );
  const ends: string[] = [];
  server.on('close', (role) => void ends.push(role));
  const client = await service.connected(where);
  expect(await client.call('work')).toBe('done');
  // Longer than a command may take there: a read that was given up would take the next call along. The read in flight blocks for two seconds.
  await client.failure('silent', 1, { timeout: 500 });
  for (let i = 0; i < 5; i++) {
    expect(await client.call('work', {}, { timeout: 10_000 })).toBe('done');
    await client.failure('silent', 1, { timeout: 250 });
  }
  expect(ends).toEqual([]);
});
