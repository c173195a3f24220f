import { pathToFileURL } from 'node:url';

/** Whether a module is the program that Node was started with, and not one that it imports. */
export const isMain = (url: string): boolean => url === pathToFileURL(process.argv[1] ?? '').href;
