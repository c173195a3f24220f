/** Hash slots of a Cluster. */
export const SLOTS = 16_384;

/** CRC-16/XMODEM, of one byte each: polynomial 0x1021, no reflection, first value 0 (Redis Cluster specification). */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/**
 * The hash slot of a key: CRC-16 of the text in its first braces, or of all of it if there are none or nothing is in
 * them, modulo 16,384.
 */
export function slotOf(key: string): number {
  const opened = key.indexOf('{');
  const closed = opened === -1 ? -1 : key.indexOf('}', opened + 1);
  const hashed = closed > opened + 1 ? key.slice(opened + 1, closed) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) {
    crc = ((crc << 8) ^ (TABLE[(crc >> 8) ^ byte] as number)) & 0xffff;
  }
  return crc % SLOTS;
}
