// Who the visitor is and what is in the cart: kept in this browser, so that a reload changes nothing. The engine knows the visitor by an
// invented name only.

const NAME_WORDS = [
  [
    'amber',
    'brave',
    'calm',
    'coral',
    'dusty',
    'early',
    'fern',
    'gentle',
    'hazel',
    'ivory',
    'jolly',
    'keen',
    'lunar',
    'mossy',
    'nimble',
    'olive',
    'quiet',
    'rapid',
    'silver',
    'sunny',
  ],
  [
    'otter',
    'heron',
    'badger',
    'finch',
    'hare',
    'lynx',
    'marten',
    'newt',
    'plover',
    'raven',
    'salmon',
    'swift',
    'trout',
    'vole',
    'wren',
    'beaver',
    'crane',
    'dipper',
    'egret',
    'minnow',
  ],
];
const VISITOR = 'freshet.visitor';
const SESSION = 'freshet.session';
const CART = 'freshet.cart';

/** Storage can be full or switched off; the page then forgets at a reload and works all the same. */
const memory = new Map();
function read(storage, key) {
  try {
    return storage.getItem(key) ?? memory.get(key);
  } catch {
    return memory.get(key);
  }
}
function write(storage, key, value) {
  memory.set(key, value);
  try {
    storage.setItem(key, value);
  } catch {
    // Kept in memory above.
  }
}

const random = (below) => crypto.getRandomValues(new Uint32Array(1))[0] % below;
const suffix = () => random(0x7fffffff).toString(36).padStart(6, '0');

function invent() {
  return `${NAME_WORDS.map((words) => words[random(words.length)]).join('-')}-${suffix()}`;
}

function kept(storage, key, make) {
  const value = read(storage, key);
  if (value) return value;
  const made = make();
  write(storage, key, made);
  return made;
}

function readCart() {
  try {
    const lines = JSON.parse(read(localStorage, CART) ?? '[]');
    return Array.isArray(lines) ? lines : [];
  } catch {
    return [];
  }
}

/** `cart` is a list of `{ product, quantity }`, in the order of adding. */
export const state = {
  visitorId: kept(localStorage, VISITOR, invent),
  sessionId: kept(sessionStorage, SESSION, () => `s-${suffix()}${suffix()}`),
  cart: readCart(),
};

/** Event target for `cart` and `visitor`. */
export const changes = new EventTarget();

/** The visitor's name without its number. */
export const visitorName = () => state.visitorId.split('-').slice(0, 2).join(' ');

export function becomeSomebodyNew() {
  state.visitorId = invent();
  state.sessionId = `s-${suffix()}${suffix()}`;
  write(localStorage, VISITOR, state.visitorId);
  write(sessionStorage, SESSION, state.sessionId);
  setCart([]);
  changes.dispatchEvent(new Event('visitor'));
}

export function setCart(lines) {
  state.cart = lines;
  write(localStorage, CART, JSON.stringify(lines));
  changes.dispatchEvent(new Event('cart'));
}

export const cartCount = () => state.cart.reduce((sum, line) => sum + line.quantity, 0);

/** A phone, a tablet or a desktop, by the width of the window: all that the shop tells the engine about the device. */
export const device = () => (innerWidth < 600 ? 'phone' : innerWidth < 1000 ? 'tablet' : 'desktop');
