import { eventually } from '../../tools/wait.js';
import { commandAt } from '../contracts/command.js';
import { TestService } from '../support/test-service.js';

const EVIL = 'evil\u001b]0;title\u0007\u001b[2J\u202e<script>\r\n';

it('names, data and errors of others do nothing in a terminal, whichever command shows them', async () => {
  const service = new TestService();
  const fail = () => {
    throw new TypeError(EVIL);
  };
  const messages = { [`${EVIL}echo`]: (data: unknown) => data, [`${EVIL}refuse`]: fail };
  const events = { [`${EVIL}lost`]: [fail, { retry: { attempts: 1 } }] as const };
  await service.serve({ messages, events });
  const client = await service.connected();
  await client.tell(`${EVIL}lost`, { text: EVIL }, { headers: { name: EVIL } });
  await client.tell(`${EVIL}unheard`, EVIL);
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
  const [letter] = await service.redis.xrange(service.keys.dead('service'), '-', '+');
  const calls = [
    ['top', '--once'],
    ['services'],
    ['services', 'service'],
    ['pending'],
    ['doctor'],
    ['dead', 'list'],
    ['dead', 'list', '--summary'],
    ['dead', 'show', letter?.[0] ?? ''],
    ['drained'],
    ['stats'],
    ['ping'],
    ['scheduled', 'list'],
    ['dead', 'replay', '--all', '--dry-run'],
    ['explain', '--header', `name=${EVIL}`],
    ['pause', `${EVIL}refuse`, '--reason', EVIL],
    ['pause'],
    ['resume', `${EVIL}refuse`],
    ['emit', `${EVIL}unheard`, JSON.stringify(EVIL)],
    ['call', `${EVIL}echo`, JSON.stringify(EVIL)],
    ['call', `${EVIL}refuse`],
    ['call', `${EVIL}unknown`],
    ['services', EVIL],
    [EVIL],
  ];
  for (const args of calls) {
    // Without colours, of which each would begin with an escape.
    const terminal = { columns: 120, env: { NO_COLOR: '1' } };
    const { out, err } = await commandAt(terminal, ...args, '--prefix', service.prefix);
    expect(out + err, args.join(' ')).not.toMatch(/[^\P{Cc}\n\t]|\u202e/u);
  }
});
