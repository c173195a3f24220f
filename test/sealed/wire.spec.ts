// A caller in another language: what docs/sealed.md says, and nothing of the library.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { sealed } from 'nestjs-redis-streams/sealed';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { orders, secretKey } from './keys.js';

const secret = secretKey('k1').secret as Uint8Array;

const list = (...texts: string[]): Buffer =>
  Buffer.from(
    `${texts.length};${texts.map((text) => `${Buffer.byteLength(text)}:${text}`).join('')}`,
  );

const keyOf = (salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, 'nrs-sealed-1 gcm', 32));

function seal(bound: Buffer, content: string): string {
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', keyOf(salt), nonce);
  cipher.setAAD(bound);
  const text = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([salt, nonce, text, cipher.getAuthTag()]).toString('base64url');
}

function open(bound: Buffer, body: string): string {
  const bytes = Buffer.from(body, 'base64url');
  const [salt, nonce] = [bytes.subarray(0, 16), bytes.subarray(16, 28)];
  const cipher = createDecipheriv('aes-256-gcm', keyOf(salt), nonce);
  cipher.setAAD(bound);
  cipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([cipher.update(bytes.subarray(28, -16)), cipher.final()]).toString();
}

test('is enough to call a service and to read its reply', async () => {
  const service = new TestService();
  await service.serve(
    {
      messages: {
        'preis.für': (data, context) => {
          context.setReplyHeaders({ by: 'me' });
          return { data, user: context.getMetadata(), caller: context.getCaller()?.name };
        },
      },
    },
    sealed(orders),
  );
  const [pattern, caller, call] = ['preis.für', 'AbCdEfGhIjKlMnOpQrStUv', '7'];
  const id = randomBytes(16).toString('base64url');
  const head = `1.gcm.k1.python.${id}.${Date.now()}.5000.-.json.`;
  const flags = 'idle=0 once=0 message=0';
  const headers = { ü: 'me', 10: 'ten' };
  const bound = list(
    ...['nrs-sealed-1', 'request', head, pattern, pattern, caller, call, flags, '', ''],
    ...['10', 'ten', 'ü', 'me'],
  );
  const d = head + seal(bound, '0:{"id":"ä1"}');
  const c = `1 text:sealed ${call} ${caller} 5000`;
  await service.redis.xadd(
    service.stream(pattern),
    '*',
    'c',
    c,
    'd',
    d,
    'h',
    JSON.stringify(headers),
  );

  const log = service.keys.log(caller);
  const frame = await eventually(async () => {
    const records = await service.redis.xrange(log, '-', '+');
    const found = records
      .map(([, fields]) => fields[1] ?? '')
      .find((text) => text.startsWith('1 '));
    expect(found).toBeDefined();
    return found as string;
  });
  const [, instance = '', json = ''] = /^1 (\S+) (.*)$/.exec(frame) ?? [];
  type Written = [string, number, number, number, number, [string, string]];
  const [reply] = JSON.parse(json) as [Written];
  expect(reply).toHaveLength(6);
  const [answered, kind, deliveries, nonce, index, [codec, text]] = reply;
  expect([answered, kind, codec]).toEqual([call, 6, 'text:sealed']);
  const end = text.lastIndexOf('.') + 1;
  const run = `${instance} ${deliveries} ${nonce}`;
  const ofReply = list(
    ...['nrs-sealed-1', 'reply', text.slice(0, end), pattern, caller, call, run, `${index} last`],
  );
  expect(text).toMatch(/^1\.gcm\.k1\.orders\.-\.0\.0\.-\.json\./);
  const content = open(ofReply, text.slice(end));
  const length = Number.parseInt(content, 10);
  const begin = String(length).length + 1;
  expect(JSON.parse(content.slice(begin, begin + length))).toEqual({ by: 'me' });
  expect(JSON.parse(content.slice(begin + length))).toEqual({
    response: { data: { id: 'ä1' }, user: headers, caller: 'python' },
    isDisposed: true,
  });
});
