/** What cannot be written, or was not written by this codec. The transport tells it as INVALID_MESSAGE. */
export class FormError extends Error {}
