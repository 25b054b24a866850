// The number of an item: a 53-bit hash of its id's UTF-8 bytes, which fits a JavaScript number exactly. It stands for the item
// on the wire and in state, so the function may never change (test/unit/schemas/item-hash.test.ts holds vectors). By the
// birthday bound a catalog of a million items has a collision with a probability of 6e-5; the catalog store detects it.
//
// Two 32-bit lanes take the bytes in little-endian words of four. In each lane a word enters by a bijection (for a given lane
// state), so ids that differ in one word differ in both lanes; the lanes have different multipliers and rotations, so that
// ids that meet in one do not meet in the other. The finish crosses the lanes and mixes them with the avalanche steps
// published for MurmurHash3. Not a cryptographic hash: ids come from the shop, not from its visitors.

const REPLACEMENT = 0xfffd;

/** The 53-bit hash of `id`, 0 to 2^53 - 1. Lone surrogates count as U+FFFD, as `TextEncoder` writes them. */
export function itemHash(id: string): number {
  let a = 0x2f0b4c47;
  let b = 0x61c88647;
  let word = 0;
  let bytes = 0;
  const length = id.length;
  for (let i = 0; i < length; i++) {
    let point = id.charCodeAt(i);
    // The UTF-8 bytes of the character as one little-endian number, and how many they are.
    let packed = point;
    let size = 1;
    if (point >= 0x80) {
      if (point >= 0xd800 && point <= 0xdfff) {
        const whole = id.codePointAt(i)!;
        point = whole > 0xffff ? whole : REPLACEMENT;
      }
      if (point < 0x800) {
        packed = 0xc0 | (point >> 6) | ((0x80 | (point & 0x3f)) << 8);
        size = 2;
      } else if (point < 0x10000) {
        packed = 0xe0 | (point >> 12) | ((0x80 | ((point >> 6) & 0x3f)) << 8) | ((0x80 | (point & 0x3f)) << 16);
        size = 3;
      } else {
        i++;
        packed =
          0xf0 |
          (point >> 18) |
          ((0x80 | ((point >> 12) & 0x3f)) << 8) |
          ((0x80 | ((point >> 6) & 0x3f)) << 16) |
          ((0x80 | (point & 0x3f)) << 24);
        size = 4;
      }
    }
    const at = bytes & 3;
    word |= packed << (at * 8);
    bytes += size;
    if (at + size >= 4) {
      a = laneA(a, word);
      b = laneB(b, word);
      // What did not fit begins the next word. A shift by 32 is a shift by 0 in JavaScript, hence the test.
      word = at === 0 ? 0 : packed >>> ((4 - at) * 8);
    }
  }
  if ((bytes & 3) !== 0) {
    a = laneA(a, word);
    b = laneB(b, word);
  }
  a ^= bytes;
  b ^= bytes;
  a = (a + b) | 0;
  b = (b + a) | 0;
  a = finish(a);
  b = finish(b);
  a = (a + b) | 0;
  b = (b + a) | 0;
  return (b >>> 11) * 0x100000000 + (a >>> 0);
}

function laneA(state: number, word: number): number {
  const mixed = state ^ Math.imul(word, 0x9e3779b1);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 0x85ebca77) + 0x27d4eb2f) | 0;
}

function laneB(state: number, word: number): number {
  const mixed = state ^ Math.imul((word << 16) | (word >>> 16), 0xc2b2ae3d);
  return (Math.imul((mixed << 17) | (mixed >>> 15), 0x165667b1) + 0x52dce729) | 0;
}

function finish(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
