// A product in a list or in the grid.
import { h } from './dom.js';
import { money } from './format.js';
import { tile } from './tile.js';

export const itemHref = (id) => `#/item/${encodeURIComponent(id)}`;

/** Everything of an entry that its card shows. */
const lookOf = ({ item, reasons }) =>
  JSON.stringify([item?.title, item?.price, item?.currency, item?.categories, reasons[0]?.text]);

function contents(entry) {
  const product = { id: entry.id, ...entry.item };
  const reason = entry.reasons[0]?.text;
  return [
    tile(product),
    h('span', { class: 'card-title' }, product.title ?? entry.id),
    h('span', { class: 'price' }, money(product.price, product.currency)),
    ...(reason === undefined ? [] : [h('span', { class: 'reason' }, reason)]),
  ];
}

/**
 * An item of a recommendation list, with its reason. `update` shows another entry of the same item; the link stays the same node, and
 * nothing is touched when the entry looks the same.
 */
export function card(entry, { onOpen, isNew }) {
  const link = h('a', { href: itemHref(entry.id), onclick: () => onOpen(entry.id) }, contents(entry));
  const element = h('li', { class: isNew ? 'card new' : 'card', 'data-item': entry.id }, link);
  element.addEventListener('animationend', () => element.classList.remove('new'));
  let look = lookOf(entry);
  return {
    element,
    update(next) {
      const nextLook = lookOf(next);
      if (nextLook === look) return;
      look = nextLook;
      link.replaceChildren(...contents(next));
    },
  };
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
