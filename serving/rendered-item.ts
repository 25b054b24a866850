// An item of a list as answers show it, with its JSON. Both are made once and stay with the decoded item: the items of a list are the same in
// every answer until the list is published anew, and writing reasons as JSON would be most of what an answer costs.
import { crc32 } from 'node:zlib';
import type { ListItem } from '../lists/index.ts';
import type { AnswerItem } from './contract.ts';
import { reasonText } from './reason-text.ts';

const RENDERED = Symbol('rendered');
const JSON_TEXT = Symbol('json');

/** JSON of an item of an answer, and a checksum of it. */
export interface ItemText {
  readonly text: string;
  /** CRC-32. */
  readonly checksum: number;
}

interface Rendered extends AnswerItem {
  [JSON_TEXT]?: ItemText;
}

/** The item as in an answer of its own rung, without fields of its card. The same object for the same item. */
export function renderedItem(item: ListItem & { [RENDERED]?: AnswerItem }): AnswerItem {
  item[RENDERED] ??= {
    id: item.id,
    score: item.score,
    reasons: item.reasons.map((reason) => ({ ...reason, text: reasonText(reason) })),
    ...(item.ranks !== undefined && { ranks: item.ranks }),
  };
  return item[RENDERED];
}

/** Written once for each rendered item. */
export function itemText(item: Rendered): ItemText {
  let written = item[JSON_TEXT];
  if (written === undefined) {
    const text = JSON.stringify(item);
    written = { text, checksum: crc32(text) };
    item[JSON_TEXT] = written;
  }
  return written;
}
