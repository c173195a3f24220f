import type { ContractFacts } from '../announce/contract-facts.js';
import { factsOf } from '../announce/contract-facts.js';
import type { ServiceInstance } from '../directory/service-directory.js';
import type { MethodKind } from '../declare/definition.js';
import type { ContractSchema, MethodSchema, ParameterSchema } from '../schema/contract-schema.js';
import type { JsonSchema } from '../schema/json-schema.js';
import { visible } from '../../protocol/visible.js';
import { listOf, typeText } from '../generate/type-text.js';

export interface DiscoveredMethod {
  readonly name: string;
  readonly kind: MethodKind;
  readonly pattern: string;
  readonly doc: string | undefined;
  /** As in TypeScript, for people: `upload(file: FileDto, mode?: string): Receipt`. */
  readonly signature: string;
  readonly parameters: readonly ParameterSchema[];
  /** The result, or one value of a streamed one. */
  readonly returns: JsonSchema;
}

export interface DiscoveredInstance {
  /** The consumer: used once, never again. */
  readonly id: string;
  /** Which group of servers it belongs to. */
  readonly group: string;
  /** Of the contract that it serves; undefined if it announces no contract. */
  readonly version: string | undefined;
  /** Milliseconds since its server was made; undefined if it announces no contract. */
  readonly uptime: number | undefined;
}

export interface DiscoveredService {
  readonly name: string;
  /** The newest one that is served; undefined if no contract is announced under this name. */
  readonly version: string | undefined;
  readonly doc: string | undefined;
  /** Of the newest version. */
  readonly methods: readonly DiscoveredMethod[];
  readonly instances: readonly DiscoveredInstance[];
}

export function describedInstance(
  instance: ServiceInstance,
  facts: ContractFacts | undefined = factsOf(instance),
): DiscoveredInstance {
  const { id, group } = instance;
  return { id, group, version: facts?.version, uptime: facts?.uptime };
}

export function describedMethods({ methods, $defs }: ContractSchema): DiscoveredMethod[] {
  const names = new Map(Object.keys($defs).map((name) => [name, name] as const));
  return Object.entries(methods).map(([name, method]) => {
    const { kind, pattern, doc, parameters, returns } = method;
    const signature = visible(signatureOf(name, method, names));
    return { name, kind, pattern, doc, signature, parameters, returns };
  });
}

function signatureOf(
  name: string,
  { kind, parameters, returns }: MethodSchema,
  names: ReadonlyMap<string, string>,
): string {
  const told = parameters.map((one) => {
    const type = typeText(one.schema, names);
    if (one.rest === true) return `...${one.name}: ${listOf(type)}`;
    const constant = one.default === undefined ? '' : ` = ${JSON.stringify(one.default)}`;
    return `${one.name}${one.optional === true && constant === '' ? '?' : ''}: ${type}${constant}`;
  });
  const result = typeText(returns, names);
  const answer = kind === 'event' ? 'void' : kind === 'streamed' ? `Streamed<${result}>` : result;
  return `${name}(${told.join(', ')}): ${answer}`;
}
