// `require` and `import` of each entry give the same things, and what entries share is one thing: no class is there
// twice.
import { createRequire } from 'node:module';

type Names = Readonly<Record<string, unknown>>;

const require = createRequire(import.meta.url);
const { exports: entries } = require('nestjs-redis-streams/package.json') as { exports: Names };
const names = Object.keys(entries).filter((name) => typeof entries[name] === 'object');
/** Who has exported a function of a name first. */
const first = new Map<string, { readonly by: string; readonly value: unknown }>();
const problems: string[] = [];

for (const name of names) {
  const entry = name.replace('.', 'nestjs-redis-streams');
  const imported = (await import(entry)) as Names;
  const required = require(entry) as Names;
  for (const [key, value] of Object.entries(imported)) {
    if (required[key] !== value) problems.push(`${entry}: require gives another ${key}`);
    if (typeof value !== 'function') continue;
    const known = first.get(key);
    if (known === undefined) first.set(key, { by: entry, value });
    else if (known.value !== value) problems.push(`${entry} and ${known.by} differ in ${key}`);
  }
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`one copy of ${first.size} functions and classes in ${names.length} entries`);
