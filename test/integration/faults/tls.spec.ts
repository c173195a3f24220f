import { Authority } from '../../../tools/certificates.js';
import { connectTo } from '../../../tools/redis/kept-server.js';
import type { TlsFiles } from '../../../tools/redis/tls-files.js';
import { eventually } from '../../../tools/wait.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { TestService } from '../../support/test-service.js';
import { TestAuthority } from '../../support/tls.js';

const authority = new TestAuthority();
const HOST = '127.0.0.1';

/** A server that speaks TLS alone. */
async function secured() {
  const files = authority.filesFor([HOST]);
  const redis = await startPrivateRedis({ tls: files });
  onTestFinished(() => redis.stop());
  const admin = connectTo(redis.port, files);
  onTestFinished(() => admin.disconnect());
  const show = ({ certFile, keyFile }: TlsFiles) =>
    admin.call('CONFIG', 'SET', 'tls-cert-file', certFile, 'tls-key-file', keyFile);
  return { service: new TestService({ url: redis.url }), redis, admin, show };
}

/** Why `connect()` gives up after its only attempt. */
const refusal = (service: TestService, options: object = {}): Promise<unknown> =>
  service
    .client({ retryAttempts: 1, ...options })
    .connect()
    .then(
      () => 'connected',
      (error: unknown) => error,
    );

const because = (why: RegExp) => ({
  code: 'NOT_CONNECTED',
  cause: { message: expect.stringMatching(why) },
});

describe('a Redis that speaks TLS alone', () => {
  it('takes calls of who trusts its certificate, and the others hear at once why not', async () => {
    const { service } = await secured();
    await service.serve({ messages: { work: () => 'done' } }, authority.trusted);
    expect(await (await service.connected(authority.trusted)).call('work')).toBe('done');
    expect(await refusal(service)).toMatchObject(because(/certificate/));
    const other = { tls: { ca: new Authority().cert } };
    expect(await refusal(service, other)).toMatchObject(because(/certificate/));
  });

  it('is named as what may be wrong where one side speaks TLS and the other does not', async () => {
    const { service, redis } = await secured();
    const plain = { url: `redis://${HOST}:${redis.port}` };
    expect(await refusal(service, plain)).toMatchObject(because(/only TLS/));
    await expect(refusal(new TestService(), { tls: {} })).resolves.toMatchObject(because(/by TLS/));
  });

  it('may change its certificate: each connection checks it anew, and a refusal is a line that says why', async () => {
    const { service, show, admin } = await secured();
    const options = { ...authority.trusted, retryDelay: 50 };
    await service.serve({ messages: { work: () => 'done' } }, options);
    const client = await service.connected(options);
    expect(await client.call('work')).toBe('done');
    const failures: string[] = [];
    client.on('error', (_, error) => failures.push(error.message));
    await show(authority.filesFor([HOST], new Authority()));
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually(() => expect(failures.join('\n')).toMatch(/certificate/));
    const call = client.call('work', {}, { timeout: 20_000 });
    await show(authority.filesFor([HOST]));
    expect(await call).toBe('done');
  });
});
