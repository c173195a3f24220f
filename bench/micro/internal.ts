// Modules of the library that it does not export.
const library = new URL('.', import.meta.resolve('nestjs-redis-streams'));

/** `T` is the type of the module. */
export const internal = <T>(file: string): Promise<T> =>
  import(new URL(file, library).href) as Promise<T>;
