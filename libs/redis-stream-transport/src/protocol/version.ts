/**
 * The version of the wire. A reader answers a request of a newer version with UNSUPPORTED_VERSION and goes on. It
 * ignores unknown fields and unknown header flags of its own version, so additions need no new number.
 */
export const PROTOCOL_VERSION = 1;

/** Version of this package; a test holds it to package.json. */
export const LIBRARY_VERSION = '0.1.0';
