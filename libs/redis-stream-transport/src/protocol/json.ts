import { MAX_DEPTH } from './limits.js';

export type Read =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/**
 * Parses JSON of another program.
 *
 * It refuses a `__proto__` key, which it finds in the text, and nesting deeper than 64, which it finds in the parsed
 * value: that costs a tenth of parsing, and a second look at the text would cost half of it. `constructor` is ordinary
 * data.
 */
export function readJson(text: string): Read {
  if (hasProtoKey(text)) return { ok: false, reason: PROTO };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
  // 65 levels take at least 130 characters.
  if (text.length >= 2 * MAX_DEPTH && !isShallow(value)) return { ok: false, reason: DEEP };
  return { ok: true, value };
}

/** Why a reader would refuse the JSON text of a value; undefined if it would not. */
export function hostile(text: string, value: unknown): string | undefined {
  if (hasProtoKey(text)) return PROTO;
  // Only the text shows what a `toJSON` made of an object.
  if (text.length >= 2 * MAX_DEPTH && !isShallow(value) && depthExceeds(text, MAX_DEPTH))
    return DEEP;
  return undefined;
}

/** Why a parsed value must not be passed on; undefined if it may. The value may be nested as deep as it likes. */
export function hostileValue(value: unknown): string | undefined {
  if (!isShallow(value)) return DEEP;
  return hasProtoKey(JSON.stringify(value) ?? '') ? PROTO : undefined;
}

const PROTO = 'a __proto__ key';
const DEEP = `nesting deeper than ${MAX_DEPTH}`;

/** Whether a value is certainly nested no deeper than `levels`. With a `toJSON` in it, that is not certain. */
export function isShallow(value: unknown, levels = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === 'object' && !isShallow(item, levels - 1)) return false;
    }
    return true;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && !isShallow(item, levels - 1)) return false;
  }
  return true;
}

/** Whether a parsed value is an object whose values are texts. */
export function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const key in value) {
    if (typeof (value as Record<string, unknown>)[key] !== 'string') return false;
  }
  return true;
}

const PROTO_KEY = /"__proto__"\s*:/;

/** Whether a JSON text has a `__proto__` key, also one that is spelt with escapes. */
export function hasProtoKey(text: string): boolean {
  if (text.includes('__proto__')) return PROTO_KEY.test(text);
  // Letters of the key may be written as escapes.
  if (!text.includes('\\u00')) return false;
  return PROTO_KEY.test(
    text.replace(/\\u00(5f|70|72|6f|74)/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    ),
  );
}

function depthExceeds(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfString(text, i);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > limit) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i;
  }
  return text.length;
}
