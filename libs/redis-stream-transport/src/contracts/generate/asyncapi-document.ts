import type { ContractSchema, MethodSchema, ParameterSchema } from '../schema/contract-schema.js';
import { prefixOf } from '../declare/definition.js';
import { draft07 } from './draft-07.js';

type Json = Readonly<Record<string, unknown>>;

/** An AsyncAPI 3.0 document. */
export interface AsyncApiDocument extends Json {
  readonly asyncapi: '3.0.0';
}

const ref = (...path: readonly string[]): Json => ({
  $ref: `#/${path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`,
});

/**
 * Describes a service in AsyncAPI 3.0, as the service that receives: a channel for each method, and one for its
 * replies, whose address is the caller's own. Schemas are those of AsyncAPI, a superset of JSON Schema draft 07.
 */
export function asyncApiDocument(schema: ContractSchema): AsyncApiDocument {
  const prefix = prefixOf(schema);
  const channels: Record<string, Json> = {};
  const operations: Record<string, Json> = {};
  for (const [name, method] of Object.entries(schema.methods)) {
    const answers = method.kind !== 'event';
    channels[name] = {
      address: method.pattern,
      messages: { call: { ...described(method.doc), payload: argumentList(method.parameters) } },
      bindings: { redis: {} },
    };
    if (answers) channels[`${name}.reply`] = replyChannel(method);
    operations[name] = {
      action: 'receive',
      channel: ref('channels', name),
      messages: [ref('channels', name, 'messages', 'call')],
      ...(method.doc === undefined ? {} : { summary: method.doc }),
      ...(answers ? { reply: { channel: ref('channels', `${name}.reply`) } } : {}),
      'x-kind': method.kind,
    };
  }
  return {
    asyncapi: '3.0.0',
    id: `urn:nestjs-redis-streams:${prefix}`,
    info: { title: prefix, version: schema.version, ...described(schema.doc) },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { schemas: draft07Defs(schema), messages: { error: ERROR } },
  };
}

function draft07Defs({ $defs }: ContractSchema): Json {
  return Object.fromEntries(Object.entries($defs).map(([name, held]) => [name, draft07(held)]));
}

function described(doc: string | undefined): Json {
  return doc === undefined ? {} : { description: doc };
}

function replyChannel({ returns }: MethodSchema): Json {
  return {
    address: null,
    messages: {
      value: { payload: draft07(returns) },
      error: ref('components', 'messages', 'error'),
    },
  };
}

/** The list on the wire: one argument per parameter, those left out at the end missing. */
function argumentList(parameters: readonly ParameterSchema[]): Json {
  const fixed = parameters.filter(({ rest }) => rest !== true);
  const rest = parameters.find((parameter) => parameter.rest === true);
  const list = {
    type: 'array',
    minItems: fixed.filter(({ optional }) => optional !== true).length,
  };
  if (fixed.length === 0) {
    return rest === undefined ? { ...list, maxItems: 0 } : { ...list, items: draft07(rest.schema) };
  }
  return {
    ...list,
    items: fixed.map(argument),
    additionalItems: rest === undefined ? false : draft07(rest.schema),
  };
}

function argument({ name, doc, optional, schema }: ParameterSchema): Json {
  const type = draft07(schema);
  const given = optional === true ? { anyOf: [type, MISSING] } : type;
  // What stands beside a reference does not count in draft 07.
  return { title: name, ...described(doc), allOf: [given] };
}

/** An argument that is left out before one that is given. */
const MISSING: Json = {
  type: 'object',
  properties: { $undefined: { const: true } },
  required: ['$undefined'],
};

const ERROR: Json = {
  title: 'What the handler threw',
  payload: {
    type: 'object',
    properties: {
      status: { const: 'error' },
      name: { type: 'string' },
      message: { type: 'string' },
      code: { type: ['string', 'number'] },
      details: {},
    },
    required: ['status', 'message'],
  },
};
