import { eventually } from '../../tools/wait.js';
import { connect, entriesOf, fieldsOf, KIND, parseFrame, say } from '../docs/raw.js';
import { TestService } from '../support/test-service.js';
import { vectorsOf } from './vectors.js';

interface Vector {
  readonly name: string;
  readonly stream: string;
  readonly id?: string;
  readonly fields: readonly string[];
  readonly runs?: string;
  readonly replies?: true;
  readonly fault?: { readonly code: string; readonly outcome: string };
  readonly letter?: string;
}

const CALLER = 'AbCdEfGhIjKlMnOpQrStUv';

test.each(vectorsOf<Vector>('outcomes.json'))(
  '$name',
  async ({ name: _name, stream, id, fields, ...wanted }) => {
    const service = new TestService();
    const ran: string[] = [];
    const note = (pattern: string) => () => void ran.push(pattern);
    await service.serve(
      {
        messages: { 'orders.price': note('orders.price') },
        events: { 'orders.placed': note('orders.placed') },
      },
      { group: 'orders' },
    );
    const redis = connect(service.prefix);
    const key = (rest: string) => `{${service.prefix}}:${rest}`;
    const added = (await say(
      redis,
      `XADD ${key(`s:${stream}`)} ${id ?? '*'}`,
      ...fields,
    )) as string;
    await eventually(async () => {
      const [group] = (await say(redis, `XINFO GROUPS ${key(`s:${stream}`)}`)) as string[][];
      expect(fieldsOf(group!)).toMatchObject({ pending: 0, 'last-delivered-id': added });
    });

    // What may be started once only is acknowledged before it runs.
    await eventually(async () => {
      const frames = await entriesOf(redis, key(`r:${CALLER}`));
      const replies = frames.flatMap(([, said]) => parseFrame(fieldsOf(said)['f']!).replies);
      const found: Record<string, unknown> = {};
      if (ran.length > 0) found['runs'] = ran.join(' ');
      for (const [call, kind, , , , payload] of replies) {
        expect(call).toBe('7');
        const { code, outcome } = (payload ?? {}) as { code?: string; outcome?: string };
        Object.assign(
          found,
          kind === KIND.fault ? { fault: { code, outcome } } : { replies: true },
        );
      }
      for (const [, letter] of await entriesOf(redis, key('dead:orders')))
        found['letter'] = fieldsOf(letter)['reason'];
      expect(found).toEqual(wanted);
    });
  },
);
