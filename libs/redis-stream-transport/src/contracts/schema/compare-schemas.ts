import { canonical, DEFS, type JsonSchema, type SchemaDefs } from './json-schema.js';
import { narrowerBounds } from './schema-bounds.js';

/** How one place differs on the two sides. */
export interface SchemaChange {
  /** `removed`: the receiver does not know it. `required`: it is not surely sent. `narrowed`: not all that may be sent is taken. */
  readonly kind: 'removed' | 'required' | 'narrowed';
  readonly path: string;
  readonly text: string;
}

/** A schema with the definitions that its references mean. */
export interface Described {
  readonly schema: JsonSchema;
  readonly defs: SchemaDefs;
}

/**
 * Everything that may be sent by one schema and is not taken by the other, place by place. Knows the
 * keywords that contracts are described with; of others it knows only whether they are equal.
 */
export function schemaChanges(sent: Described, taken: Described, path: string): SchemaChange[] {
  const changes: SchemaChange[] = [];
  new Comparison(sent.defs, taken.defs, changes).compare(sent.schema, taken.schema, path);
  return changes;
}

class Comparison {
  /** Pairs that are being compared: classes may contain themselves. */
  private readonly open: Set<string>;

  constructor(
    private readonly sentDefs: SchemaDefs,
    private readonly takenDefs: SchemaDefs,
    private readonly changes: SchemaChange[],
    open: ReadonlySet<string> = new Set(),
  ) {
    this.open = new Set(open);
  }

  compare(sentOrRef: JsonSchema, takenOrRef: JsonSchema, path: string): void {
    const pair = `${sentOrRef.$ref ?? ''}>${takenOrRef.$ref ?? ''}`;
    const refs = sentOrRef.$ref !== undefined && takenOrRef.$ref !== undefined;
    if (refs && this.open.has(pair)) return;
    if (refs) this.open.add(pair);
    const sent = resolve(sentOrRef, this.sentDefs);
    const taken = resolve(takenOrRef, this.takenDefs);
    if (Object.keys(taken).every((key) => key === 'title')) return;
    const choices = taken.anyOf;
    if (sent.anyOf !== undefined) {
      for (const one of sent.anyOf) this.compare(one, taken, path);
    } else if (choices === undefined) {
      this.compareOne(sent, taken, path);
    } else {
      this.compareWithChoices(sent, choices, path);
    }
  }

  /** One choice must take it; if none does, the one of the same type says why. */
  private compareWithChoices(sent: JsonSchema, choices: readonly JsonSchema[], path: string): void {
    const tries = choices.map((choice) => {
      const changes: SchemaChange[] = [];
      new Comparison(this.sentDefs, this.takenDefs, changes, this.open).compare(sent, choice, path);
      return { changes, alike: resolve(choice, this.takenDefs).type === sent.type };
    });
    if (tries.some(({ changes }) => changes.length === 0)) return;
    const closest = tries.find(({ alike }) => alike);
    if (closest === undefined) this.narrowed(path, `${told(sent)} is not taken any more`);
    else this.changes.push(...closest.changes);
  }

  private compareOne(sent: JsonSchema, taken: JsonSchema, path: string): void {
    const types = typesOf(taken);
    if (types !== undefined) {
      const sends = typesOf(sent);
      const fits = sends?.every(
        (type) => types.includes(type) || (type === 'integer' && types.includes('number')),
      );
      if (fits !== true) {
        this.narrowed(path, `${told(sent)} became ${told(taken)}`);
        return;
      }
    }
    for (const text of narrowerBounds(sent, taken)) this.narrowed(path, text);
    this.compareProperties(sent, taken, path);
    this.compareItems(sent, taken, path);
  }

  private compareProperties(sent: JsonSchema, taken: JsonSchema, path: string): void {
    const [sends, takes] = [sent.properties ?? {}, taken.properties ?? {}];
    const surely = new Set(sent.required);
    const became = new Set((taken.required ?? []).filter((name) => !surely.has(name)));
    for (const name of became) {
      const text = Object.hasOwn(sends, name) ? 'became required' : 'is required and not known';
      this.changes.push({ kind: 'required', path: `${path}.${name}`, text });
    }
    for (const [name, schema] of Object.entries(sends)) {
      const at = `${path}.${name}`;
      const target = takes[name];
      // That it may not be null any more goes without saying.
      const given = became.has(name) ? withoutNull(schema) : schema;
      if (target !== undefined) this.compare(given, target, at);
      else if (taken.properties !== undefined || taken.additionalProperties === false) {
        this.changes.push({ kind: 'removed', path: at, text: 'does not exist there' });
      }
    }
  }

  private compareItems(sent: JsonSchema, taken: JsonSchema, path: string): void {
    if (taken.items === undefined || taken.items === false) return;
    this.compare(sent.items || {}, taken.items, `${path}[]`);
  }

  private narrowed(path: string, text: string): void {
    this.changes.push({ kind: 'narrowed', path, text });
  }
}

function resolve(schema: JsonSchema, defs: SchemaDefs): JsonSchema {
  if (schema.$ref?.startsWith(DEFS) !== true) return schema;
  return defs[schema.$ref.slice(DEFS.length)] ?? {};
}

/** Undefined: any type. A list of values has the types of the values. */
function typesOf({ type, enum: values }: JsonSchema): string[] | undefined {
  if (type !== undefined) return typeof type === 'string' ? [type] : [...type];
  return values?.map(typeOfValue);
}

function withoutNull(schema: JsonSchema): JsonSchema {
  const left = schema.anyOf?.filter(({ type }) => type !== 'null');
  return left === undefined ? schema : left.length === 1 ? (left[0] ?? {}) : { anyOf: left };
}

function typeOfValue(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** A schema in a few words. */
function told(schema: JsonSchema): string {
  if (schema.enum !== undefined) return `one of ${canonical(schema.enum)}`;
  const tag = schema.required?.length === 1 ? schema.required[0] : undefined;
  if (tag?.startsWith('$') === true) return tag.slice(1);
  if (schema.title !== undefined) return schema.title;
  return schema.type === undefined ? 'any value' : String(schema.type);
}
