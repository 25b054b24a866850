// The storefront's pages. Each takes what it needs and returns `{ title, element, lists, reset }`; the router shows one at a time.
import * as actions from './actions.js';
import * as api from './api.js';
import { itemHref, productCard } from './card.js';
import { h, setText } from './dom.js';
import { count, money } from './format.js';
import { liveList } from './live-list.js';
import { state } from './state.js';
import { tile } from './tile.js';

const forYouPath = () =>
  `/v1/visitors/${encodeURIComponent(state.visitorId)}/recommendations?n=12&session=${encodeURIComponent(state.sessionId)}`;

/** Says who asks, so that what the visitor has bought or dislikes is left out of rows that are otherwise the same for everybody. */
const asVisitor = () => `visitor=${encodeURIComponent(state.visitorId)}`;

/** @param leaveOut Id of the product that is on the page already. */
const forYou = (leaveOut) =>
  liveList({
    id: 'for-you',
    title: 'Recommended for you',
    path: forYouPath,
    placement: 'for-you',
    leaveOut,
    chase: true,
    emptyText: 'Nothing yet. Look at something below, and watch this row.',
  });

const trending = (category) =>
  liveList({
    id: 'trending',
    title: category ? `Trending in ${category}` : 'Trending now',
    path: () => `/v1/trending?n=12&${asVisitor()}${category ? `&category=${encodeURIComponent(category)}` : ''}`,
    placement: 'trending',
    isShared: true,
    isNarrow: category !== undefined,
    emptyText: 'Nothing is trending here yet.',
    pollMs: 1_000,
  });

const catalogHref = ({ category, query, page }) => {
  const parts = [];
  if (category) parts.push(`category=${encodeURIComponent(category)}`);
  if (query) parts.push(`q=${encodeURIComponent(query)}`);
  if (page > 1) parts.push(`page=${page}`);
  return parts.length === 0 ? '#/' : `#/shop?${parts.join('&')}`;
};

function categoryMenu(categories, current) {
  const link = (name, href, isCurrent) =>
    h('li', {}, h('a', { href, 'aria-current': isCurrent ? 'page' : undefined }, name));
  return h(
    'nav',
    { class: 'categories', 'aria-label': 'Categories' },
    h(
      'ul',
      {},
      link('Everything', '#/', current === undefined),
      ...categories.map(({ name }) => link(name, catalogHref({ category: name }), name === current)),
    ),
  );
}

function pager({ page, pages }, where) {
  if (pages <= 1) return undefined;
  const link = (text, to, possible) =>
    possible ? h('a', { class: 'button', href: catalogHref({ ...where, page: to }) }, text) : h('span', {});
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    link('← Previous', page - 1, page > 1),
    h('span', {}, `Page ${page} of ${pages}`),
    link('Next →', page + 1, page < pages),
  );
}

/** The front page, a category or a search. */
export async function shopView({ category, query, page = 1 }) {
  const found = await api.catalog({ category, query, page });
  const lists = query ? [forYou()] : [forYou(), trending(category)];
  const title = query ? `“${query}”` : (category ?? 'All products');
  const grid = h(
    'section',
    { class: 'catalog', 'aria-labelledby': 'catalog-title' },
    h(
      'div',
      { class: 'live-head' },
      h(query || category ? 'h1' : 'h2', { id: 'catalog-title', class: 'section-title' }, title),
      h('span', { class: 'rung' }, `${count(found.total)} products`),
    ),
    found.products.length > 0
      ? h('ul', { class: 'grid' }, ...found.products.map(productCard))
      : h('p', { class: 'quiet' }, 'Nothing was found. Try another word, or a category.'),
    pager(found, { category, query }),
  );
  const parts = lists.map((list) => list.element);
  const isFront = !query && !category && page === 1;
  return {
    title: isFront ? 'Shop' : title,
    element: h(
      'div',
      { class: 'view' },
      isFront &&
        h(
          'div',
          { class: 'intro' },
          h('h1', {}, 'Every click counts, at once.'),
          h(
            'p',
            {},
            'Look at a product, put it in your cart, buy it. The rows below are computed anew for each thing you do, and they say why and how fresh they are.',
          ),
        ),
      categoryMenu(found.categories, category),
      ...(isFront || query === undefined ? parts : []),
      grid,
      ...(isFront || query === undefined ? [] : parts),
    ),
    lists,
  };
}

function stockText(stock) {
  if (stock === undefined) return '';
  if (stock <= 0) return 'Sold out';
  return stock < 10 ? `Only ${stock} left` : 'In stock';
}

/** A product with the lists that belong to it. Looking at it is a view. */
export async function itemView(id) {
  const product = await api.product(id);
  void actions.view(product.id);
  const itemList = (name, title, emptyText) =>
    liveList({
      id: name,
      title,
      path: () => `/v1/items/${encodeURIComponent(id)}/${name}?n=8&${asVisitor()}`,
      placement: name,
      emptyText,
    });
  const lists = [
    forYou(id),
    itemList('similar', 'Similar products', 'No shopper has looked at this together with something else yet.'),
    itemList('bought-together', 'Often bought together', 'Nobody has bought this together with something else yet.'),
  ];
  const [mine, similar, together] = lists.map((list) => list.element);
  const isSoldOut = product.stock !== undefined && product.stock <= 0;
  const trail = product.categories.map((name) => h('li', {}, h('a', { href: catalogHref({ category: name }) }, name)));
  return {
    title: product.title,
    element: h(
      'div',
      { class: 'view' },
      h(
        'nav',
        { class: 'trail', 'aria-label': 'Where you are' },
        h('ol', {}, h('li', {}, h('a', { href: '#/' }, 'Shop')), ...trail),
      ),
      h(
        'article',
        { class: 'product', 'data-item': product.id },
        tile(product),
        h(
          'div',
          { class: 'product-text' },
          product.brand !== undefined && h('p', { class: 'brand-of' }, product.brand),
          h('h1', {}, product.title),
          h(
            'p',
            { class: 'product-price' },
            money(product.price, product.currency),
            ' ',
            h('small', {}, stockText(product.stock)),
          ),
          product.description !== undefined && h('p', { class: 'description' }, product.description),
          h(
            'div',
            { class: 'buttons' },
            h(
              'button',
              {
                type: 'button',
                class: 'primary',
                id: 'add-to-cart',
                disabled: isSoldOut,
                onclick: () => void actions.addToCart(product),
              },
              isSoldOut ? 'Sold out' : 'Add to cart',
            ),
            h('button', { type: 'button', id: 'wish', onclick: () => void actions.wish(product) }, 'Add to wish list'),
            h(
              'button',
              { type: 'button', id: 'dislike', class: 'plain', onclick: () => void actions.dislike(product) },
              'Not for me',
            ),
          ),
        ),
      ),
      mine,
      together,
      similar,
    ),
    lists,
  };
}

/** The cart. Buying it is an order. */
export async function cartView() {
  const list = forYou();
  const body = h('div', { class: 'cart' });
  let ordered = false;
  const draw = () => {
    const total = state.cart.reduce((sum, { product, quantity }) => sum + (product.price ?? 0) * quantity, 0);
    const currency = state.cart[0]?.product.currency;
    if (state.cart.length === 0) {
      const text = ordered
        ? 'Thank you. Your order is in, and what you bought is out of your recommendations.'
        : 'Your cart is empty.';
      body.replaceChildren(
        h('p', { class: ordered ? 'thanks' : 'quiet', id: 'cart-text', tabindex: '-1' }, text),
        h('p', {}, h('a', { class: 'button', href: '#/' }, 'Look around')),
      );
      return;
    }
    body.replaceChildren(
      h(
        'ul',
        { class: 'lines' },
        ...state.cart.map(({ product, quantity }) =>
          h(
            'li',
            {},
            tile(product),
            h('a', { href: itemHref(product.id) }, product.title),
            h('span', { class: 'quantity' }, `${quantity} ×`),
            h('span', { class: 'price' }, money(product.price, product.currency)),
            h(
              'button',
              {
                type: 'button',
                class: 'plain',
                'aria-label': `Remove ${product.title}`,
                onclick: () => void actions.removeFromCart(product.id),
              },
              'Remove',
            ),
          ),
        ),
      ),
      h('p', { class: 'total' }, 'Total ', h('strong', {}, money(total, currency))),
      h(
        'button',
        {
          type: 'button',
          class: 'primary',
          id: 'buy',
          onclick: async (event) => {
            event.currentTarget.disabled = true;
            ordered = true;
            ordered = await actions.buy();
            draw();
            body.querySelector('#cart-text')?.focus();
          },
        },
        'Buy now',
      ),
    );
  };
  draw();
  return {
    title: 'Your cart',
    element: h('div', { class: 'view' }, h('h1', {}, 'Your cart'), body, list.element),
    lists: [list],
    onCart: draw,
  };
}

/** What is shown when an address leads nowhere or the shop cannot be reached. */
export function failedView(text) {
  const element = h(
    'div',
    { class: 'view' },
    h('h1', {}, 'That did not work'),
    h('p', { class: 'quiet' }),
    h('p', {}, h('a', { class: 'button', href: '#/' }, 'To the shop')),
  );
  setText(element.querySelector('.quiet'), text);
  return { title: 'Not found', element, lists: [] };
}
