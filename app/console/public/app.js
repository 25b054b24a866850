// The page: reads the address, shows a view, keeps the header and the ages up to date. The engine's panel runs beside it on its own.
import * as actions from './actions.js';
import { Refused, Unreachable } from './api.js';
import { byId, setText } from './dom.js';
import { startEngine } from './engine.js';
import { startPauseButton } from './pause.js';
import { cartCount, changes, visitorName } from './state.js';
import { cartView, failedView, itemView, shopView } from './views.js';

const TICK_MS = 100;
const RETRY_MS = 1_500;
const main = byId('main');
let current;
let navigation = 0;

const nowhere = async () => failedView('This address leads nowhere.');

/** `undefined` for what is not percent-encoded UTF-8. */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** `#/item/abc` and `#/shop?category=x&q=y&page=2`. */
function parse(hash) {
  const [path, search] = hash.replace(/^#\/?/, '').split('?');
  const [name, id] = path.split('/');
  const query = new URLSearchParams(search);
  if (name === 'item' && id) {
    const itemId = decode(id);
    return itemId === undefined ? nowhere : () => itemView(itemId);
  }
  if (name === 'cart') return cartView;
  if (name === '' || name === 'shop') {
    const category = query.get('category') ?? undefined;
    const text = query.get('q') ?? undefined;
    return () => shopView({ category, query: text, page: Number(query.get('page') ?? 1) || 1 });
  }
  return nowhere;
}

/** The view that says why there is no other. */
function viewOf(error) {
  if (error instanceof Refused) return failedView(error.message);
  if (error instanceof Unreachable) return failedView('Freshet does not answer. The page tries again by itself.');
  reportError(error);
  return failedView('The page has a fault and cannot show this.');
}

async function show(isFirst) {
  const mine = ++navigation;
  let view;
  try {
    view = await parse(location.hash)();
  } catch (error) {
    if (mine !== navigation) return;
    if (error instanceof Unreachable) setTimeout(() => mine === navigation && void show(isFirst), RETRY_MS);
    view = viewOf(error);
  }
  if (mine !== navigation) {
    for (const list of view.lists) list.close();
    return;
  }
  for (const list of current?.lists ?? []) list.close();
  current = view;
  main.replaceChildren(view.element);
  document.title = `${view.title} · Freshet`;
  if (!isFirst) {
    scrollTo({ top: 0 });
    const heading = main.querySelector('h1, h2');
    heading?.setAttribute('tabindex', '-1');
    heading?.focus({ preventScroll: true });
  }
}

function drawHeader() {
  setText(byId('visitor-name'), visitorName());
  setText(byId('cart-count'), String(cartCount()));
}

addEventListener('hashchange', () => void show(false));
changes.addEventListener('cart', () => {
  drawHeader();
  current?.onCart?.();
});
changes.addEventListener('visitor', () => {
  drawHeader();
  for (const list of current?.lists ?? []) list.reset();
});
byId('new-visitor').addEventListener('click', actions.newVisitor);
startPauseButton(byId('pause-updates'));
byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  const query = byId('search-text').value.trim();
  if (query === '') return;
  void actions.search(query);
  location.hash = `#/shop?q=${encodeURIComponent(query)}`;
});
// Links within the page would otherwise be taken for addresses of views.
for (const link of document.querySelectorAll('[data-skip]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const target = byId(link.dataset.skip);
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: 'start' });
  });
}
setInterval(() => {
  for (const list of current?.lists ?? []) list.tick();
}, TICK_MS);

drawHeader();
startEngine(byId('engine'));
void show(true);
