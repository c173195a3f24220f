/** Inside the repository, so that the peers of the library are found; not under version control. */
export const builds: string;
export const repository: string;

/** Builds the library, once per state of its sources; returns the folder of the build. */
export function buildLibrary(): string;
