// An item of a list as answers show it, with its JSON. Both are made once and stay with the decoded item: the items of a list are the same in
// every answer until the list is published anew, and writing reasons as JSON would be most of what an answer costs.
import type { ListItem } from '../lists/index.ts';
import type { AnswerItem } from './contract.ts';
import { reasonText } from './reason-text.ts';

const RENDERED = Symbol('rendered');
const JSON_TEXT = Symbol('json');

interface Rendered extends AnswerItem {
  [JSON_TEXT]?: string;
}

/** The item as in an answer of its own rung, without fields of its card. The same object for the same item. */
export function renderedItem(item: ListItem & { [RENDERED]?: AnswerItem }): AnswerItem {
  item[RENDERED] ??= {
    id: item.id,
    score: item.score,
    reasons: item.reasons.map((reason) => ({ ...reason, text: reasonText(reason) })),
  };
  return item[RENDERED];
}

/** JSON of an item of an answer. */
export function itemJson(item: Rendered): string {
  item[JSON_TEXT] ??= JSON.stringify(item);
  return item[JSON_TEXT];
}
