// A product in a list or in the grid.
import { listClick } from './actions.js';
import { h } from './dom.js';
import { money } from './format.js';
import { tile } from './tile.js';

export const itemHref = (id) => `#/item/${encodeURIComponent(id)}`;

/** An item of a recommendation list, with its reason. */
export function card(entry, { listId, placement, isNew }) {
  const product = { id: entry.id, ...entry.item };
  const reason = entry.reasons[0]?.text;
  return h(
    'li',
    { class: isNew ? 'card new' : 'card', 'data-item': entry.id },
    h(
      'a',
      { href: itemHref(entry.id), onclick: () => void listClick(entry.id, listId, placement) },
      tile(product),
      h('span', { class: 'card-title' }, product.title ?? entry.id),
      h('span', { class: 'price' }, money(product.price, product.currency)),
      reason !== undefined && h('span', { class: 'reason' }, reason),
    ),
  );
}

/** A product of the catalog's grid. */
export function productCard(product) {
  return h(
    'li',
    { class: 'card', 'data-item': product.id },
    h(
      'a',
      { href: itemHref(product.id) },
      tile(product),
      h('span', { class: 'card-title' }, product.title),
      h(
        'span',
        { class: 'card-line' },
        h('span', { class: 'price' }, money(product.price, product.currency)),
        h('span', { class: 'brand-of' }, product.brand ?? ''),
      ),
    ),
  );
}
