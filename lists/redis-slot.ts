// Slots of Redis Cluster (cluster specification, "Key distribution model"): CRC16 (XMODEM: polynomial 0x1021, from 0) of the key, or of its
// hash tag, modulo 16384. Keys of one slot are on one node.

const SLOTS = 16_384;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc & 0xffff;
});

/** CRC16 of a text's UTF-8 bytes. */
export function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text, 'utf8')) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ byte]!;
  return crc;
}

/** 0 to 16383. */
export function slotOf(key: string): number {
  return crc16(hashTag(key)) % SLOTS;
}

/** What is between the first brace and the next closing one; the whole key when there is nothing. */
function hashTag(key: string): string {
  const start = key.indexOf('{');
  const end = start === -1 ? -1 : key.indexOf('}', start);
  return end > start + 1 ? key.slice(start + 1, end) : key;
}
