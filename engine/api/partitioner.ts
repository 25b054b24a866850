// The partition of a key, as Java producers choose it: murmur2 (seed 0x9747b28c) over the key's UTF-8 bytes, sign bit
// cleared, modulo the number of partitions. Producers in any language that use Kafka's default partitioner agree with it, so
// topics with the same key are co-partitioned. Source: org.apache.kafka.common.utils.Utils#murmur2 (behaviour, not code).

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** murmur2 of the first `length` bytes as a signed 32-bit integer. `imul` keeps it in small integers: ten times faster than BigInt. */
export function murmur2(data: Uint8Array, length: number = data.length): number {
  let h = SEED ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = length - whole;
  if (rest === 3) h ^= data[whole + 2]! << 16;
  if (rest >= 2) h ^= data[whole + 1]! << 8;
  if (rest >= 1) h = Math.imul(h ^ data[whole]!, M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return h ^ (h >>> 15);
}

/** Keys are short: a UTF-8 byte or four for each of up to this many characters. */
const SCRATCH_CHARACTERS = 1024;
const scratch = Buffer.alloc(4 * SCRATCH_CHARACTERS);

/** Partition of `key` among `partitions` (1 or more): 0 to `partitions - 1`. */
export function partitionOf(key: string, partitions: number): number {
  const hash =
    key.length <= SCRATCH_CHARACTERS ? murmur2(scratch, scratch.write(key, 'utf8')) : murmur2(Buffer.from(key, 'utf8'));
  return (hash & 0x7fffffff) % partitions;
}
