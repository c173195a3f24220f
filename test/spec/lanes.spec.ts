import { connect, entriesOf, fieldsOf } from '../docs/raw.js';
import { TestService } from '../support/test-service.js';
import { vectorsOf } from './vectors.js';

type Vector = { readonly lanes: Readonly<Record<string, readonly string[]>> } & (
  | { readonly pattern: string; readonly stream: string; readonly names: boolean }
  | { readonly refused: string }
);

test.each(vectorsOf<Vector>('lanes.json').map((vector, at) => [at, vector] as const))(
  'the stream of a pattern, %i',
  async (_at, vector) => {
    const service = new TestService();
    const { lanes } = vector;
    if ('refused' in vector) {
      expect(() => service.client({ lanes })).toThrow(/lane/);
      return;
    }
    await service.client({ lanes }).tell(vector.pattern, 1);
    const key = `{${service.prefix}}:s:${vector.stream}`;
    const [[, fields]] = (await entriesOf(connect(service.prefix), key)) as [[string, string[]]];
    expect(fieldsOf(fields)['p']).toBe(vector.names ? vector.pattern : undefined);
  },
);
