// Modules of the library that it does not export.
const library = new URL('.', import.meta.resolve('nestjs-redis-streams'));

/** @param {string} file @returns {Promise<any>} */
export const internal = (file) => import(new URL(file, library).href);
