// An answer as it is sent: its JSON, and a tag that is the same as long as the answer is.
import { crc32 } from 'node:zlib';
import type { Answer } from './contract.ts';
import { itemJson } from './rendered-item.ts';

export interface Entity {
  /**
   * A weak entity tag of everything but the age, which a reader can tell from `asOf` and its own clock. It names the served list and its version, so the
   * checksum only has to tell apart the answers that one version gives as items are blocked, capped or filtered.
   */
  readonly tag: string;
  readonly text: string;
}

/** The age goes in front of what the tag is made of, so that an answer is written once. */
export function entityOf({ ageMs, items, ...head }: Answer): Entity {
  const headText = JSON.stringify(head);
  const text = `${headText.slice(1, -1)},"items":[${items.map(itemJson).join(',')}]}`;
  return {
    tag: `W/"${head.listId ?? head.rung}-${crc32(text).toString(36)}"`,
    text: ageMs === undefined ? `{${text}` : `{"ageMs":${ageMs},${text}`,
  };
}
