// An item of an answer, and its JSON. The items of a list are the same in every answer until the list is published anew, and reading reasons
// and writing them as JSON would be most of what an answer costs, so the text stays with the list; nothing else of an item does.
import { crc32 } from 'node:zlib';
import type { ItemCard, ListView } from '../lists/index.ts';
import type { Answer, AnswerItem } from './contract.ts';
import type { Rung } from './ladder.ts';
import type { CardField } from './parameters.ts';
import { reasonText } from './reason-text.ts';

/** An item that an answer shows. */
export interface ShownItem {
  readonly list: ListView;
  /** In the list. */
  readonly place: number;
  /** Where it is another than the answer's. */
  readonly rung?: Rung | undefined;
  /** Those fields of its card that were asked for. */
  readonly fields?: Partial<Pick<ItemCard, CardField>> | undefined;
}

/** An answer whose items are not written yet. */
export interface ShownAnswer extends Omit<Answer, 'items'> {
  readonly items: readonly ShownItem[];
}

/** JSON of an item of an answer, and a checksum of it. */
export interface ItemText {
  readonly text: string;
  /** CRC-32, as a signed number: V8 keeps those without an object of their own. */
  readonly checksum: number;
}

const TEXTS = Symbol('texts');

/** What is written of an item is the same for the same list, place, rung and fields. */
export function itemText(item: ShownItem): ItemText {
  if (item.rung !== undefined || item.fields !== undefined) return written(item);
  const list: ListView & { [TEXTS]?: (ItemText | undefined)[] } = item.list;
  list[TEXTS] ??= [];
  const texts = list[TEXTS];
  texts[item.place] ??= written(item);
  return texts[item.place]!;
}

function written({ list, place, rung, fields }: ShownItem): ItemText {
  const { id, score, reasons, ranks } = list.itemAt(place);
  const item: AnswerItem = {
    id,
    score,
    reasons: reasons.map((reason) => ({ ...reason, text: reasonText(reason) })),
    ...(ranks !== undefined && { ranks }),
    ...(rung !== undefined && { rung }),
    ...(fields !== undefined && { item: fields }),
  };
  const text = JSON.stringify(item);
  return { text, checksum: crc32(text) | 0 };
}
