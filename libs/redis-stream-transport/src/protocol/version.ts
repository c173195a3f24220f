/**
 * The version of the wire. A reader answers an entry of a newer version with UNSUPPORTED_VERSION and
 * goes on; unknown fields and unknown header flags of the same version are ignored, so additions do not
 * need a new number.
 */
export const PROTOCOL_VERSION = 1;
