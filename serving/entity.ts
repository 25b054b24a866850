// An answer as it is sent: its JSON, and a tag that is the same as long as the answer is.
import { crc32 } from 'node:zlib';
import type { Answer } from './contract.ts';
import { itemText } from './rendered-item.ts';

export interface Entity {
  /**
   * A weak entity tag of everything but the age, which a reader can tell from `asOf` and its own clock. It names the served list and its version, so the
   * checksum only has to tell apart the answers that one version gives as items are blocked, capped or filtered.
   */
  readonly tag: string;
  readonly text: string;
}

/** Brings a further checksum into one (FNV's prime; the order counts). */
const mixed = (sum: number, checksum: number): number => Math.imul(sum ^ checksum, 0x01000193) >>> 0;

/** The age goes in front of what the tag is made of, so that an answer is written once. */
export function entityOf({ ageMs, items, ...head }: Answer): Entity {
  const headText = JSON.stringify(head).slice(1, -1);
  let sum = crc32(headText);
  let text = ageMs === undefined ? `{${headText},"items":[` : `{"ageMs":${ageMs},${headText},"items":[`;
  for (let i = 0; i < items.length; i++) {
    const { text: itemJson, checksum } = itemText(items[i]!);
    sum = mixed(sum, checksum);
    text += i === 0 ? itemJson : `,${itemJson}`;
  }
  return { tag: `W/"${head.listId ?? head.rung}-${sum.toString(36)}"`, text: `${text}]}` };
}
