import 'reflect-metadata';
import { MAX_PATTERN_LENGTH } from '../../protocol/limits.js';
import { ContractError } from './contract-error.js';
import {
  define,
  prefixOf,
  type ContractClass,
  type ErrorClass,
  type MethodDefinition,
  type ValidationOptions,
} from './definition.js';
import { describeMethod } from './describe-method.js';
import { methodMark } from './marks.js';
import { fillDefaults, type Declaration } from './remote.js';

export interface ContractOptions {
  /** The service as callers see it; the patterns of its methods begin with it. Letters, digits, `_`, `-`. */
  readonly name: string;
  /** `major.minor.patch`, for people and for the check at start-up; it is not part of the patterns. */
  readonly version: string;
  /** Stands before the name, with dots between its parts: `media` gives `media.files.upload`. Default: none. */
  readonly namespace?: string;
  /** What the service is for. Default: nothing. */
  readonly doc?: string;
  /** Error classes that callers get back as themselves, by their names. Default: none. */
  readonly errors?: readonly ErrorClass[];
  /** How both sides check with class-validator. Default: its own defaults. */
  readonly validation?: ValidationOptions;
}

const NAME = /^[A-Za-z0-9_-]+$/;
const NAMESPACE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

/** What a client has besides the methods, or what others look for on any injected object. */
const RESERVED = new Set([
  'with',
  'then',
  'toJSON',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * Makes a class the contract of a service: which methods it has, what goes in and what comes out. Both
 * sides import it; neither makes an instance.
 *
 * @example
 * @Contract({ name: 'files', version: '1.0.0' })
 * export abstract class FilesContract {
 *   @Command() upload(file: FileDto): Command<Receipt> { return remote(file); }
 * }
 * @throws ContractError INVALID_CONTRACT when the class is defined
 */
export function Contract(options: ContractOptions): (contract: ContractClass) => void {
  return (contract) => {
    const { name, version, namespace } = options;
    const wrong = (what: string): ContractError =>
      new ContractError('INVALID_CONTRACT', `${contract.name}: ${what}`);
    if (!NAME.test(name)) throw wrong('a contract is named with letters, digits, "_" and "-"');
    if (!VERSION.test(version)) throw wrong('a version is "major.minor.patch"');
    if (namespace !== undefined && !NAMESPACE.test(namespace)) {
      throw wrong('a namespace is made of names with dots between them');
    }
    const prefix = prefixOf(options);
    const methods = new Map<string, MethodDefinition>();
    for (const [key, body] of methodsOf(contract)) {
      const mark = methodMark(contract.prototype as object, key);
      if (mark === undefined) {
        // Helpers of the class have no decorator; on a declaration it was forgotten.
        if (fillDefaults(body, []) === undefined) continue;
        throw wrong(`${key} is declared, but has no @Command(), @Event() or @Streamed()`);
      }
      if (RESERVED.has(key)) throw wrong(`a method cannot be called ${key}`);
      const pattern = `${prefix}.${key}`;
      if (pattern.length > MAX_PATTERN_LENGTH) throw wrong(`the pattern of ${key} is too long`);
      methods.set(key, describeMethod({ contract, key, body, mark, pattern }));
    }
    if (methods.size === 0) throw wrong('nothing is declared in it');
    define(contract, {
      name,
      version,
      namespace,
      prefix,
      doc: options.doc,
      methods,
      errors: options.errors ?? [],
      validation: options.validation ?? {},
    });
  };
}

/** Methods of the class and of those it extends, the nearest of each name. */
function methodsOf(contract: ContractClass): Map<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (
    let level = contract.prototype as object | null;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (key === 'constructor' || typeof value !== 'function' || found.has(key)) continue;
      found.set(key, value as Declaration);
    }
  }
  return found;
}
