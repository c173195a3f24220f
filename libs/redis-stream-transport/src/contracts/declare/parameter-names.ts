/**
 * Names of the parameters as written in a method's source, for people to read. Destructured parameters
 * and sources that look unlike JavaScript get `arg0`, `arg1` and so on.
 */
export function parameterNames(method: (...args: never[]) => unknown, count: number): string[] {
  const parts = split(listOf(Function.prototype.toString.call(method)));
  return Array.from({ length: count }, (_, i) => {
    const name = /^\s*(?:\.{3})?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/u.exec(
      parts[i] ?? '',
    )?.[1];
    return name ?? `arg${i}`;
  });
}

/** What follows the first parenthesis. */
function listOf(source: string): string {
  const bare = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return bare.slice(bare.indexOf('(') + 1);
}

/** Cuts at the commas that separate parameters; those in defaults are deeper or quoted. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quote !== '') {
      if (char === '\\') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') {
      quote = char;
    } else if ('([{'.includes(char)) {
      depth++;
    } else if (')]}'.includes(char)) {
      if (depth === 0) return [...parts, text.slice(from, i)];
      depth--;
    } else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return parts;
}
