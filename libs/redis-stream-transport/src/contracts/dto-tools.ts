/** What of class-validator's errors is read here. */
export interface ValidatorError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly ValidatorError[];
}

/** The two packages by which DTO classes are made and checked. */
export interface DtoTools {
  make(dto: new () => object, plain: object): object;
  validate(dto: object, options: object): Promise<readonly ValidatorError[]>;
  /** Whether anything is known of the class to check. */
  hasRules(dto: new () => object): boolean;
}

let loading: Promise<DtoTools> | undefined;
let loaded: DtoTools | undefined;

/**
 * Loads the packages when the first DTO is met: who has only schemas or plain types need not install them.
 * @throws Error if they are not installed
 */
export function dtoTools(): DtoTools | Promise<DtoTools> {
  return loaded ?? (loading ??= load());
}

async function load(): Promise<DtoTools> {
  const missing = (cause: unknown): never => {
    const needed = 'class-validator and class-transformer must be installed for DTO classes';
    throw new Error(`${needed} in contracts`, { cause });
  };
  const [transformer, validator] = await Promise.all([
    import('class-transformer'),
    import('class-validator'),
  ]).catch(missing);
  const storage = validator.getMetadataStorage();
  const known = new WeakMap<object, boolean>();
  loaded = {
    make: (dto, plain) => transformer.plainToInstance(dto, plain),
    validate: (dto, options) => validator.validate(dto, options),
    hasRules(dto) {
      let has = known.get(dto);
      if (has === undefined) {
        has = storage.getTargetValidationMetadatas(dto, '', false, false).length > 0;
        known.set(dto, has);
      }
      return has;
    },
  };
  return loaded;
}
