/** As protocol.md has them: the id of a caller may begin with a hyphen, as one of 64 does; so may that of an event that is due later. */
const CALL = /^-(?:[\w-]{15,31}\/[\w-]{1,64}|[A-Za-z0-9_][\w-]{20})$/;

/** Puts ids that look like options behind a `--`, after which nothing is an option. */
export function withCallIds(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const before = end < 0 ? args : args.slice(0, end);
  const ids = before.filter((arg) => CALL.test(arg));
  const after = end < 0 ? [] : args.slice(end + 1);
  if (ids.length + after.length === 0) return [...args];
  return [...before.filter((arg) => !CALL.test(arg)), '--', ...ids, ...after];
}
