import 'reflect-metadata';
import type { ValidationTypes } from 'class-validator';
import { withCollections, withoutCollections } from './collections.js';

/** What of class-validator's errors is read here. */
export interface ValidatorError {
  /** Missing where an object as a whole is wrong. */
  readonly property: string | undefined;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly ValidatorError[];
}

/** A property that holds objects of another class: one, several, or whatever the rules allow. */
export interface NestedProperty {
  readonly name: string;
  readonly holds: 'one' | 'several' | 'either';
}

/** A rule of class-validator for one property. */
export interface DtoRule {
  readonly property: string;
  readonly kind: 'custom' | 'nested' | 'conditional' | 'other';
  readonly name: string;
  readonly args: readonly unknown[];
  /** For each item instead of the value. */
  readonly each: boolean;
}

/** The two packages by which DTO classes are made and checked. */
export interface DtoTools {
  make(dto: new () => object, plain: object): object;
  validate(dto: object, options: object): Promise<readonly ValidatorError[]>;
  /** What is known of a class to check; undefined if nothing is. */
  nested(dto: object): readonly NestedProperty[] | undefined;
  /** All rules of a class, for its description. */
  rules(dto: object): DtoRule[];
  /** The class of a nested property, or of the items in it; undefined without `@Type`. */
  nestedClass(dto: new () => object, property: string): (new () => object) | undefined;
}

let loading: Promise<DtoTools> | undefined;
let loaded: DtoTools | undefined;

/**
 * Loads the packages with the first DTO class: contracts with only schemas or plain types do not need them.
 * @throws Error if they are not installed
 */
export function dtoTools(): DtoTools | Promise<DtoTools> {
  return loaded ?? (loading ??= load());
}

async function load(): Promise<DtoTools> {
  const missing = (cause: unknown): never => {
    const needed = 'class-validator and class-transformer must be installed for DTO classes';
    const how = 'npm install class-validator class-transformer';
    throw new Error(`${needed} in contracts: ${how}`, { cause });
  };
  const [transformer, validator] = await Promise.all([
    import('class-transformer'),
    import('class-validator'),
  ]).catch(missing);
  const storage = validator.getMetadataStorage();
  const { ValidationTypes } = validator;
  const rulesOf = (dto: object) =>
    storage.getTargetValidationMetadatas(dto as () => void, '', false, false);
  const read = (dto: object): NestedProperty[] | undefined => {
    const rules = rulesOf(dto);
    if (rules.length === 0) return undefined;
    return rules
      .filter(({ type }) => type === ValidationTypes.NESTED_VALIDATION)
      .map(({ propertyName, each }) => ({
        name: propertyName,
        holds: each ? 'several' : heldBy(dto, propertyName),
      }));
  };
  const kinds = kindsOf(ValidationTypes);
  const known = new WeakMap<object, readonly NestedProperty[] | false>();
  loaded = {
    make(dto, plain) {
      const made = transformer.plainToInstance(dto, withoutCollections(plain) as object);
      return withCollections(plain, made) as object;
    },
    validate: (dto, options) => validator.validate(dto, options),
    nested(dto) {
      let properties = known.get(dto);
      if (properties === undefined) {
        properties = read(dto) ?? false;
        known.set(dto, properties);
      }
      return properties === false ? undefined : properties;
    },
    rules: (dto) =>
      rulesOf(dto).map(({ type, name, propertyName, constraints, constraintCls, each }) => ({
        property: propertyName,
        kind: kinds.get(type) ?? 'other',
        name: name ?? constraintCls?.name ?? type,
        args: (constraints as readonly unknown[] | undefined) ?? [],
        each: each ?? false,
      })),
    nestedClass: (dto, property) =>
      [{}, [{}]]
        .map((probe) =>
          madeOf(() => transformer.plainToInstance(dto, { [property]: probe }), property),
        )
        .find((made) => made !== undefined),
  };
  return loaded;
}

/** The kinds of rules, by what class-validator calls them. */
function kindsOf(types: typeof ValidationTypes): ReadonlyMap<string, DtoRule['kind']> {
  return new Map<string, DtoRule['kind']>([
    [types.CUSTOM_VALIDATION, 'custom'],
    [types.IS_DEFINED, 'custom'],
    [types.NESTED_VALIDATION, 'nested'],
    [types.CONDITIONAL_VALIDATION, 'conditional'],
  ]);
}

/** Without `each` the rule takes both; the compiler knows better, if it tells. */
function heldBy(dto: object, property: string): NestedProperty['holds'] {
  const { prototype } = dto as { readonly prototype: object };
  const type: unknown = Reflect.getMetadata('design:type', prototype, property);
  if (type === undefined || type === Object) return 'either';
  return type === Array || type === Set || type === Map ? 'several' : 'one';
}

/** class-transformer does not show what `@Type` was given; what it makes of an empty object does. */
function madeOf(make: () => object, property: string): (new () => object) | undefined {
  let held: unknown;
  try {
    held = (make() as Readonly<Record<string, unknown>>)[property];
  } catch {
    // A transformation of the application's that expects something else.
    return undefined;
  }
  const item: unknown = Array.isArray(held) || held instanceof Set ? [...held][0] : held;
  if (typeof item !== 'object' || item === null) return undefined;
  const made: unknown = item.constructor;
  return made === Object || made === Map ? undefined : (made as new () => object);
}
