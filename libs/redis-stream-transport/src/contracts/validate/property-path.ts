/** `file` and `tags` are `file.tags`, then `0` makes it `file.tags[0]`. */
export function joinPath(path: string, key: string | undefined): string {
  if (key === undefined) return path;
  return /^\d+$/.test(key) ? `${path}[${key}]` : `${path}.${key}`;
}

/** An object with properties: no list and none of the values that stand for one thing. */
export function isRecord(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Map) &&
    !(value instanceof Set) &&
    !ArrayBuffer.isView(value)
  );
}
