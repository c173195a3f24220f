import { prefixOf } from '../declare/definition.js';
import { SchemaComparison, type SchemaChange } from './compare-schemas.js';
import type { ContractSchema, MethodSchema } from './contract-schema.js';

/** One difference between the contract of a client and that of a server. */
export interface ContractChange {
  readonly method: string;
  /** Parameter and field, or `result` and field; empty for the method as a whole. */
  readonly path: string;
  readonly kind: 'removed' | 'required' | 'narrowed' | 'added';
  readonly text: string;
}

export interface ContractComparison {
  readonly contract: string;
  readonly clientVersion: string;
  readonly serverVersion: string;
  /** Calls that compile on the client may fail, or results may lack what it reads. */
  readonly breaking: readonly ContractChange[];
  /** What only one side knows, harmlessly. */
  readonly additions: readonly ContractChange[];
  /** Methods whose types are too large or too deeply nested to be compared whole: more may differ in them. */
  readonly notCompared: readonly string[];
}

/**
 * Whether a client's calls fit a server: every argument that may be sent must be taken, and every result
 * must be what the client expects. What a newer client may send and an older server does not know is an addition;
 * what an older client may send and a newer server does not know was removed.
 */
export function compareContracts(
  client: ContractSchema,
  server: ContractSchema,
): ContractComparison {
  const breaking: ContractChange[] = [];
  const additions: ContractChange[] = [];
  const notCompared: string[] = [];
  if (client.hash !== server.hash) {
    const clientIsNewer = isNewer(client.version, server.version);
    const judge = (method: string, change: SchemaChange, isAddition: boolean): void => {
      if (isAddition)
        additions.push({ ...change, method, kind: 'added', text: 'only one side has it' });
      else breaking.push({ ...change, method });
    };
    // Methods share their types, which are compared once for all of them.
    const sending = new SchemaComparison(client.$defs, server.$defs);
    const results = new SchemaComparison(server.$defs, client.$defs);
    for (const [name, mine] of Object.entries(client.methods)) {
      const theirs = server.methods[name];
      if (theirs === undefined || theirs.kind !== mine.kind) {
        const text = theirs === undefined ? 'is not served' : `${mine.kind} became ${theirs.kind}`;
        breaking.push({ method: name, path: '', kind: 'removed', text });
        continue;
      }
      for (const change of argumentChanges(mine, theirs, sending)) {
        judge(name, change, change.kind === 'removed' && clientIsNewer);
      }
      // More fields than the client knows do not disturb it.
      for (const change of results.changes(theirs.returns, mine.returns, 'result'))
        judge(name, fromServer(change), change.kind === 'removed');
      if (!sending.isComplete || !results.isComplete) notCompared.push(name);
    }
    for (const name of Object.keys(server.methods)) {
      if (Object.hasOwn(client.methods, name)) continue;
      additions.push({ method: name, path: '', kind: 'added', text: 'only the server has it' });
    }
  }
  return {
    contract: prefixOf(client),
    clientVersion: client.version,
    serverVersion: server.version,
    breaking,
    additions,
    notCompared,
  };
}

function argumentChanges(
  mine: MethodSchema,
  theirs: MethodSchema,
  comparison: SchemaComparison,
): SchemaChange[] {
  const changes: SchemaChange[] = [];
  const count = Math.max(mine.parameters.length, theirs.parameters.length);
  for (let i = 0; i < count; i++) {
    const sent = mine.parameters[i] ?? theirsRest(mine);
    const taken = theirs.parameters[i] ?? theirsRest(theirs);
    if (sent === undefined) {
      if (taken === undefined || taken.optional === true || taken.rest === true) continue;
      changes.push({ kind: 'required', path: taken.name, text: 'is required and not known' });
    } else if (taken === undefined) {
      changes.push({ kind: 'removed', path: sent.name, text: 'does not exist there' });
    } else {
      const optional = sent.optional === true || sent.rest === true;
      if (optional && taken.optional !== true && taken.rest !== true) {
        changes.push({ kind: 'required', path: sent.name, text: 'became required' });
      }
      if (sent.rest === true && taken.rest !== true) {
        changes.push({ kind: 'narrowed', path: sent.name, text: 'takes only one argument' });
      }
      changes.push(...comparison.changes(sent.schema, taken.schema, sent.name));
    }
  }
  return changes;
}

/** Further arguments go into the rest parameter. */
function theirsRest({ parameters }: MethodSchema) {
  return parameters.find(({ rest }) => rest === true);
}

/** In the words of the client: what it requires, the server may not send. */
function fromServer(change: SchemaChange): SchemaChange {
  if (change.kind !== 'required') return change;
  const lost = change.text.includes('not known');
  return {
    ...change,
    kind: lost ? 'removed' : 'narrowed',
    text: lost ? 'is not sent any more' : 'may be missing',
  };
}

/** Whether the first of two semantic versions is the newer one. */
export function isNewer(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) =>
    (version.split('-')[0] ?? '').split('.').map(Number),
  );
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
