// What the page says by itself: short confirmations, a banner while the connection is down, and the same for screen readers, which
// are told of changes at most every few seconds.
import { byId } from './dom.js';

const QUIET_MS = 4_000;
let lastSaid = 0;
let waiting;
let toastTimer;

/** Tells screen readers, politely. The newest text wins while it has to wait. */
export function announce(text) {
  clearTimeout(waiting);
  const delay = Math.max(0, lastSaid + QUIET_MS - Date.now());
  waiting = setTimeout(() => {
    lastSaid = Date.now();
    byId('announcer').textContent = text;
  }, delay);
}

/** A confirmation for a few seconds. It has role=status, so it is read out too. */
export function toast(text) {
  const element = byId('toast');
  element.textContent = text;
  element.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => element.classList.remove('shown'), 3_500);
}

const down = new Set();

/** Says whether one of the page's two connections (`shop`, `engine`) works; the banner stays until both do. */
export function connection(name, works) {
  if (works === !down.has(name)) return;
  if (works) down.delete(name);
  else down.add(name);
  const notice = byId('notice');
  if (down.size > 0) {
    notice.textContent = 'The connection to Freshet is lost. The page tries again by itself.';
    notice.hidden = false;
  } else {
    notice.hidden = true;
    toast('Connected again.');
  }
}
