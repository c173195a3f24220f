import { canonical, DEFS, type JsonSchema, type SchemaDefs } from './json-schema.js';
import { narrowerBounds } from './schema-bounds.js';

/** How one place differs on the two sides. */
export interface SchemaChange {
  /**
   * - `removed`: the receiver does not know it.
   * - `required`: the receiver needs it, and it may be missing.
   * - `narrowed`: the receiver does not take all that may be sent.
   */
  readonly kind: 'removed' | 'required' | 'narrowed';
  readonly path: string;
  readonly text: string;
}

/** Pairs that one comparison looks at, at most: some tens of milliseconds. */
const MAX_PAIRS = 20_000;
/** How deep pairs may be nested, through references too: each level takes some frames of the stack. */
const MAX_NESTING = 300;
/** Differences that are told of one pair, and so of one place; more of them say nothing new. */
const MAX_CHANGES = 100;
/** References in a chain; a longer chain is taken for a circle, which describes nothing. */
const MAX_ALIASES = 100;

const NONE: readonly SchemaChange[] = [];

/**
 * Finds everything that may be sent by one schema and is not taken by another, place by place. Knows the
 * keywords that contracts are described with; of others it knows only whether they are equal.
 *
 * Each pair of schemas is compared once, however many ways lead to it. A pair that is met within itself,
 * because a class contains itself, counts as fitting there: what differs is told where it was met first.
 * A pair that fitted only because of such an assumption is forgotten when the assumption turns out wrong
 * (as in Pierce, Types and Programming Languages, chapter 21).
 */
export class SchemaComparison {
  /** Undefined for pairs that fit, or are assumed to. */
  private readonly known = new Map<JsonSchema, Map<JsonSchema, readonly SchemaChange[]>>();
  /** Pairs that fit, in the order in which that was found or assumed. */
  private readonly fitting: (readonly [JsonSchema, JsonSchema])[] = [];
  private readonly withoutNull = new Map<JsonSchema, JsonSchema>();
  private pairs = 0;
  private gaveUp = false;

  constructor(
    private readonly sentDefs: SchemaDefs,
    private readonly takenDefs: SchemaDefs,
  ) {}

  /** Whether everything was compared; otherwise what was found holds, and there may be more. */
  get isComplete(): boolean {
    return !this.gaveUp;
  }

  changes(sent: JsonSchema, taken: JsonSchema, path: string): readonly SchemaChange[] {
    return below(path, this.compare(sent, taken, 0));
  }

  /** What differs, with paths that begin at this pair. */
  private compare(
    sentOrRef: JsonSchema,
    takenOrRef: JsonSchema,
    nesting: number,
  ): readonly SchemaChange[] {
    const sent = resolve(sentOrRef, this.sentDefs);
    const taken = resolve(takenOrRef, this.takenDefs);
    if (Object.keys(taken).every((key) => key === 'title')) return NONE;
    const before = this.known.get(sent)?.get(taken);
    if (before !== undefined) return before;
    if (++this.pairs > MAX_PAIRS || nesting > MAX_NESTING) {
      this.gaveUp = true;
      return NONE;
    }
    const assumed = this.fitting.length;
    this.fitting.push([sent, taken]);
    this.note(sent, taken, NONE);
    const changes = this.compareResolved(sent, taken, nesting).slice(0, MAX_CHANGES);
    if (changes.length > 0) {
      for (const [one, other] of this.fitting.splice(assumed)) this.known.get(one)?.delete(other);
      this.note(sent, taken, changes);
    }
    return changes;
  }

  private note(sent: JsonSchema, taken: JsonSchema, changes: readonly SchemaChange[]): void {
    const noted = this.known.get(sent);
    if (noted === undefined) this.known.set(sent, new Map([[taken, changes]]));
    else noted.set(taken, changes);
  }

  private compareResolved(
    sent: JsonSchema,
    taken: JsonSchema,
    nesting: number,
  ): readonly SchemaChange[] {
    if (sent.anyOf !== undefined) {
      return sent.anyOf.flatMap((one) => this.compare(one, taken, nesting + 1));
    }
    if (taken.anyOf === undefined) return this.compareOne(sent, taken, nesting);
    return this.compareWithChoices(sent, taken.anyOf, nesting);
  }

  /** One choice must take it; if none does, the one of the same type says why. */
  private compareWithChoices(
    sent: JsonSchema,
    choices: readonly JsonSchema[],
    nesting: number,
  ): readonly SchemaChange[] {
    let closest: readonly SchemaChange[] | undefined;
    for (const choice of choices) {
      const changes = this.compare(sent, choice, nesting + 1);
      if (changes.length === 0) return NONE;
      if (resolve(choice, this.takenDefs).type === sent.type) closest ??= changes;
    }
    return closest ?? [narrowed(`${told(sent)} is not taken any more`)];
  }

  private compareOne(
    sent: JsonSchema,
    taken: JsonSchema,
    nesting: number,
  ): readonly SchemaChange[] {
    const types = typesOf(taken);
    if (types !== undefined) {
      const sends = typesOf(sent);
      const fits = sends?.every(
        (type) => types.includes(type) || (type === 'integer' && types.includes('number')),
      );
      if (fits !== true) return [narrowed(`${told(sent)} became ${told(taken)}`)];
    }
    return [
      ...narrowerBounds(sent, taken).map(narrowed),
      ...this.compareProperties(sent, taken, nesting),
      ...this.compareItems(sent, taken, nesting),
    ];
  }

  private compareProperties(sent: JsonSchema, taken: JsonSchema, nesting: number): SchemaChange[] {
    const changes: SchemaChange[] = [];
    const [sends, takes] = [sent.properties ?? {}, taken.properties ?? {}];
    const surely = new Set(sent.required);
    const became = new Set((taken.required ?? []).filter((name) => !surely.has(name)));
    for (const name of became) {
      const text = Object.hasOwn(sends, name) ? 'became required' : 'is required and not known';
      changes.push({ kind: 'required', path: `.${name}`, text });
    }
    for (const [name, schema] of Object.entries(sends)) {
      const target = Object.hasOwn(takes, name) ? takes[name] : undefined;
      // What became required takes no null either, which need not be told besides.
      const given = became.has(name) ? this.notNull(schema) : schema;
      if (target !== undefined) {
        changes.push(...below(`.${name}`, this.compare(given, target, nesting + 1)));
      } else if (taken.properties !== undefined || taken.additionalProperties === false) {
        changes.push({ kind: 'removed', path: `.${name}`, text: 'does not exist there' });
      }
    }
    return changes;
  }

  private compareItems(
    sent: JsonSchema,
    taken: JsonSchema,
    nesting: number,
  ): readonly SchemaChange[] {
    if (taken.items === undefined || taken.items === false) return NONE;
    return below('[]', this.compare(sent.items || ANYTHING, taken.items, nesting + 1));
  }

  /** The same object for the same schema: pairs are known by their objects. */
  private notNull(schema: JsonSchema): JsonSchema {
    const left = schema.anyOf?.filter(({ type }) => type !== 'null');
    if (left === undefined) return schema;
    const known = this.withoutNull.get(schema);
    if (known !== undefined) return known;
    const made = left.length === 1 ? (left[0] ?? {}) : { anyOf: left };
    this.withoutNull.set(schema, made);
    return made;
  }
}

const ANYTHING: JsonSchema = {};

function below(path: string, changes: readonly SchemaChange[]): readonly SchemaChange[] {
  if (changes.length === 0) return NONE;
  return changes.map((change) => ({ ...change, path: path + change.path }));
}

const narrowed = (text: string): SchemaChange => ({ kind: 'narrowed', path: '', text });

/** What a reference means; anything, where it leads nowhere. */
function resolve(schema: JsonSchema, defs: SchemaDefs): JsonSchema {
  let meant = schema;
  for (let i = 0; meant.$ref?.startsWith(DEFS) === true; i++) {
    const name = meant.$ref.slice(DEFS.length);
    if (i === MAX_ALIASES || !Object.hasOwn(defs, name)) return ANYTHING;
    meant = defs[name] as JsonSchema;
  }
  return meant;
}

/** Undefined: any type. A list of values has the types of the values. */
function typesOf({ type, enum: values }: JsonSchema): string[] | undefined {
  if (type !== undefined) return typeof type === 'string' ? [type] : [...type];
  return values?.map(typeOfValue);
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
