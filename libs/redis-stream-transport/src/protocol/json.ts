import { MAX_DEPTH } from './limits.js';

export type Read =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/**
 * Parses JSON that somebody else wrote.
 *
 * Refuses a `__proto__` key, which is found in the text, and nesting beyond 64, which is found in the
 * value: walking what was parsed costs a tenth of parsing it, and reading the text once more half of it.
 * `constructor` is ordinary data.
 */
export function readJson(text: string): Read {
  if (hasProtoKey(text)) return { ok: false, reason: PROTO };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
  // Sixty-five levels take at least 130 characters.
  if (text.length >= 2 * MAX_DEPTH && !isShallow(value)) return { ok: false, reason: DEEP };
  return { ok: true, value };
}

/** Why the JSON text of a value would not be accepted by whoever reads it, or undefined. */
export function hostile(text: string, value: unknown): string | undefined {
  if (hasProtoKey(text)) return PROTO;
  // What a `toJSON` makes of an object is seen in the text alone.
  if (text.length >= 2 * MAX_DEPTH && !isShallow(value) && depthExceeds(text, MAX_DEPTH))
    return DEEP;
  return undefined;
}

/** Why a value that was parsed must not be passed on, or undefined. Nothing is too deep to be asked about. */
export function hostileValue(value: unknown): string | undefined {
  if (!isShallow(value)) return DEEP;
  return hasProtoKey(JSON.stringify(value) ?? '') ? PROTO : undefined;
}

const PROTO = 'a __proto__ key';
const DEEP = `nesting deeper than ${MAX_DEPTH}`;

/** Whether a value certainly nests no deeper than may be; `toJSON` leaves it uncertain. */
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

/** Whether a value that was parsed is an object whose values are texts. */
export function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const key in value) {
    if (typeof (value as Record<string, unknown>)[key] !== 'string') return false;
  }
  return true;
}

const PROTO_KEY = /"__proto__"\s*:/;

/** Whether a text has a `__proto__` key, in whatever spelling. */
export function hasProtoKey(text: string): boolean {
  if (text.includes('__proto__')) return PROTO_KEY.test(text);
  // The same key may be spelt with escapes of its letters.
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
