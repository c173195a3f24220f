/** Nest's own words; it exports neither them nor the class from its root. */
export const NO_MESSAGE_HANDLER =
  'There is no matching message handler defined in the remote service.';
export const INVALID_MESSAGE = 'The invalid data or message pattern (undefined/null)';
/** Also for a transport with words of its own for it. */
export const NOT_INITIALIZED = /initialized|connect/i;
