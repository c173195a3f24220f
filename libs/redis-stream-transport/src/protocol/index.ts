/**
 * The wire as pure functions, for tools and for tests of clients in other languages.
 * Versioned by the protocol number, not by the package.
 */
export * from './credit.js';
export * from './entry.js';
export * from './frame.js';
export * from './header.js';
export * from './json.js';
export * from './keys.js';
export * from './limits.js';
export * from './pattern.js';
export * from './sealed-text.js';
export * from './version.js';
