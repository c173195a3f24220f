const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Words that cannot name a parameter or a type. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
);

/** The name of a property as it stands in a type: a stranger's name must not become code. */
export function propertyName(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}

/** A name that TypeScript allows and that is not taken yet. It is taken afterwards. */
export function freeName(wanted: string, fallback: string, taken: Set<string>): string {
  const cleaned = wanted.replaceAll(/[^\w$]/g, '_');
  const base = IDENTIFIER.test(cleaned) && !RESERVED.has(cleaned) ? cleaned : fallback;
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}${i}`;
  taken.add(name);
  return name;
}

/** `file-store` as `FileStore`. */
export function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
  return /^[A-Z]/.test(joined) ? joined : `Service${joined}`;
}

/** A value of an enumeration as a type. */
export function literal(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'unknown' : JSON.stringify(value);
}

/** A comment for editors; nothing if there is nothing to say. */
export function comment(doc: string | undefined, indent = ''): string {
  if (doc === undefined || doc.trim() === '') return '';
  const lines = doc
    .replaceAll('*/', '* /')
    .trim()
    .split(/[\r\n\u2028\u2029]+/);
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}
