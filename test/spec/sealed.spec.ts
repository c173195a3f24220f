import { MessageOpener } from '../../libs/redis-stream-transport/src/sealed/message-opener.js';
import type { SealedOptions } from '../../libs/redis-stream-transport/src/sealed/index.js';
import { readSealing } from '../../libs/redis-stream-transport/src/sealed/sealed-options.js';
import type {
  ReceivedFacts,
  ReplyFacts,
} from '../../libs/redis-stream-transport/src/options/sealing.js';
import { UntrustedMessage } from '../../libs/redis-stream-transport/src/options/sealing.js';
import { vectorsOf } from './vectors.js';

interface Vector {
  readonly name: string;
  readonly options: SealedOptions;
  readonly entry?: Omit<ReceivedFacts, 'addedAt'> & {
    readonly text: string;
    readonly added: number;
  };
  readonly reply?: ReplyFacts & { readonly text: string };
  readonly opens?: Readonly<Record<string, unknown>>;
  /** Headers that were sealed with a reply. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly refused?: string;
}

const vectors = vectorsOf<Vector>('sealed.json');

async function read({ options, entry, reply }: Vector): Promise<unknown> {
  const opener = new MessageOpener(readSealing(options));
  if (reply !== undefined) {
    const { text, ...facts } = reply;
    return opener.reply(text, { ...facts, key: facts.key ?? undefined });
  }
  const { text, added, ...facts } = entry!;
  return opener.entry(text, { ...facts, addedAt: added });
}

test.each(vectors.filter(({ refused }) => refused !== undefined))(
  '$name is refused',
  async (vector) => {
    await expect(read(vector)).rejects.toThrow(UntrustedMessage);
    expect(vector.refused).toBe('UNTRUSTED');
  },
);

test.each(vectors.filter(({ entry, opens }) => entry && opens))('$name', async (vector) => {
  const { data, metadata, caller, id, rememberMs } = (await read(vector)) as Record<
    string,
    unknown
  >;
  const headers = metadata === undefined ? {} : { headers: metadata };
  expect({ data, ...headers, caller, id, remember: rememberMs }).toEqual(vector.opens);
});

test.each(vectors.filter(({ reply, opens }) => reply && opens))('$name', async (vector) => {
  expect(await read(vector)).toEqual({ packet: vector.opens, headers: vector.headers });
});
