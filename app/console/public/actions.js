// What the visitor does: sends the event to the shop and tells everybody on the page, so that lists look for it.
import * as api from './api.js';
import { toast } from './notices.js';
import { becomeSomebodyNew, changes, device, setCart, state } from './state.js';

/** Event target for `sent`; `detail` is `{ kind, eventId, at, startedMs }`, `startedMs` being `performance.now()` at the click. */
export const sent = new EventTarget();

async function send(event, startedMs = performance.now()) {
  const who = { visitorId: state.visitorId, sessionId: state.sessionId, device: device() };
  try {
    const { eventId, at } = await api.sendEvent({ ...event, ...who });
    sent.dispatchEvent(new CustomEvent('sent', { detail: { kind: event.kind, eventId, at, startedMs } }));
    return true;
  } catch (error) {
    toast(error instanceof api.Refused ? error.message : 'The shop did not get that. Please try again.');
    return false;
  }
}

export const view = (itemId) => send({ kind: 'view', itemId });
export const listClick = (itemId, listId, placement) => send({ kind: 'listClick', itemId, listId, placement });
export const search = (query) => send({ kind: 'search', query });

export async function wish(product) {
  if (await send({ kind: 'wishlist', itemId: product.id })) toast(`${product.title} is on your wish list.`);
}

export async function dislike(product) {
  if (await send({ kind: 'dislike', itemId: product.id })) toast('We will not show it to you again.');
}

export async function addToCart(product) {
  if (!(await send({ kind: 'addToCart', itemId: product.id, quantity: 1 }))) return;
  const lines = state.cart.map((line) => ({ ...line }));
  const line = lines.find((candidate) => candidate.product.id === product.id);
  if (line) line.quantity = Math.min(99, line.quantity + 1);
  else lines.push({ product, quantity: 1 });
  setCart(lines);
  toast(`${product.title} is in your cart.`);
}

export async function removeFromCart(productId) {
  const line = state.cart.find((candidate) => candidate.product.id === productId);
  if (line === undefined) return;
  if (!(await send({ kind: 'removeFromCart', itemId: productId, quantity: line.quantity }))) return;
  setCart(state.cart.filter((candidate) => candidate !== line));
  toast(`${line.product.title} is out of your cart.`);
}

/** Resolves to whether the order was taken. */
export async function buy() {
  const lines = state.cart.map(({ product, quantity }) => ({ itemId: product.id, quantity }));
  const taken = await send({ kind: 'purchase', lines });
  if (taken) setCart([]);
  return taken;
}

export async function sendBadEvent(fault) {
  if (await send({ kind: 'bad', fault })) toast('Sent. The engine should refuse it: see "Refused events".');
}

export function newVisitor() {
  becomeSomebodyNew();
  changes.dispatchEvent(new Event('reset'));
  toast('You are somebody new. The shop knows nothing about you yet.');
}
