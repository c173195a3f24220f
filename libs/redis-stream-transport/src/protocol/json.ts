import { MAX_DEPTH } from './limits.js';

export type Read =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/**
 * Parses JSON that somebody else wrote.
 *
 * Refuses a `__proto__` key and nesting beyond 64. Both are found in the text, so ordinary payloads pay
 * for two searches and no walk; `constructor` is ordinary data.
 */
export function readJson(text: string): Read {
  const reason = hostile(text);
  if (reason !== undefined) return { ok: false, reason };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
}

/**
 * Why a JSON text must not be parsed, or undefined.
 * @param flat brackets that are known to stand beside each other, not within each other
 */
export function hostile(text: string, flat = 0): string | undefined {
  if (hasProtoKey(text)) return 'a __proto__ key';
  // Sixty-five levels take at least 130 characters.
  if (text.length >= 2 * MAX_DEPTH && tooDeep(text, flat))
    return `nesting deeper than ${MAX_DEPTH}`;
  return undefined;
}

const PROTO_KEY = /"__proto__"\s*:/;

function hasProtoKey(text: string): boolean {
  if (text.includes('__proto__')) return PROTO_KEY.test(text);
  // The same key may be spelt with escapes of its letters.
  if (!text.includes('\\u00')) return false;
  return PROTO_KEY.test(
    text.replace(/\\u00(5f|70|72|6f|74)/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    ),
  );
}

function tooDeep(text: string, flat: number): boolean {
  const limit = MAX_DEPTH + flat;
  return countUpTo(text, limit) > limit && depthExceeds(text, MAX_DEPTH);
}

/** Opening brackets in the text, counted by searching and only as far as needed. */
function countUpTo(text: string, limit: number): number {
  let count = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++count > limit) return count;
    }
  }
  return count;
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
