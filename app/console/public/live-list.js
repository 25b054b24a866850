// A list that is read again and again by the public API, and shows how fresh it is. After one of the visitor's own clicks it is read
// in quick succession until it contains that event, so that the page measures what a shopper feels: from click to new list.

import { sent } from './actions.js';
import { readList } from './api.js';
import { card } from './card.js';
import { h, prefersLessMotion, setText } from './dom.js';
import { duration } from './format.js';
import { announce } from './notices.js';

const POLL_MS = 400;
const CHASE_MS = 15;
/** A list that has not taken the event up by then was not changed by it. */
const CHASE_LIMIT_MS = 4_000;
const FIELDS = 'fields=title,brand,price,currency,categories';

/** What is said beside the title when a list is not what the title promises, or is especially so. */
const RUNG_WORDS = {
  visitor: 'From everything you did',
  session: 'From this visit',
  segment: 'Nothing known yet: what is popular now',
  global: 'Nothing known yet: what is popular now',
};
const KIND_WORDS = { purchase: 'order', search: 'search' };

/** The last time that was measured, so that the next view of the same list still tells it: `{ eventId, text }`. */
let lastMeasured;

/** True when the list contains the event, or at least one that is later. */
const contains = (asOf, event) => asOf !== undefined && (asOf.eventIds.includes(event.eventId) || asOf.at > event.at);

/**
 * @param options.path What to read, with a query that begins with `?`; a function, so that a new visitor is asked for anew.
 * @param options.chase Whether the visitor's own events are to change this list.
 * @param options.leaveOut Id of an item that is not shown.
 * @param options.isShared Whether it is the same for everybody, so that there is nothing to know.
 */
export function liveList({
  id,
  title,
  path,
  placement,
  leaveOut,
  chase = false,
  isShared = false,
  emptyText,
  pollMs = POLL_MS,
}) {
  const age = h('span', { class: 'age' });
  const latency = h('strong', { class: 'latency' });
  const rung = h('span', { class: 'rung' });
  const items = h('ul', { class: 'rail', id: `${id}-items` });
  const empty = h('p', { class: 'quiet', hidden: true }, emptyText);
  const element = h(
    'section',
    { class: 'live', id, 'aria-labelledby': `${id}-title` },
    h(
      'div',
      { class: 'live-head' },
      h('h2', { id: `${id}-title` }, title),
      rung,
      h('p', { class: 'freshness' }, h('span', { class: 'dot', 'aria-hidden': 'true' }), latency, age),
    ),
    items,
    empty,
  );

  let etag;
  let shown = [];
  let asOf;
  let clockAheadMs = 0;
  let chased;
  let timer;
  let closed = false;
  let reading = false;
  let generation = 0;

  const draw = (list) => {
    const before = new Set(shown);
    const positions = new Map([...items.children].map((child) => [child.dataset.item, child.getBoundingClientRect()]));
    const focused = document.activeElement?.closest?.('li')?.dataset.item;
    const kept = list.items.filter((item) => item.id !== leaveOut);
    shown = kept.map((item) => item.id);
    items.replaceChildren(
      ...kept.map((item) =>
        card(item, { listId: list.listId, placement, isNew: before.size > 0 && !before.has(item.id) }),
      ),
    );
    empty.hidden = shown.length > 0;
    setText(rung, isShared ? '' : (RUNG_WORDS[list.rung] ?? ''));
    if (focused !== undefined)
      items.querySelector(`[data-item="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
    if (before.size > 0 && !prefersLessMotion()) glide(items, positions);
    const first = kept[0];
    if (chase && before.size > 0 && first !== undefined) {
      announce(`${title} changed. First is ${first.item?.title ?? 'a product'}. ${first.reasons[0]?.text ?? ''}`);
    }
  };

  const read = async () => {
    if (closed || reading) return;
    reading = true;
    const mine = generation;
    try {
      const answer = await readList(`${path()}&${FIELDS}`, etag);
      if (closed || mine !== generation) return;
      if (answer !== undefined) {
        etag = answer.etag;
        asOf = answer.list.asOf;
        if (asOf !== undefined && answer.list.ageMs > 0) clockAheadMs = asOf.at + answer.list.ageMs - Date.now();
        if (chased !== undefined && contains(asOf, chased)) {
          const ms = performance.now() - chased.startedMs;
          const text = `Updated ${duration(ms)} after your ${KIND_WORDS[chased.kind] ?? 'click'}`;
          lastMeasured = { eventId: chased.eventId, text };
          setText(latency, text);
          element.dataset.latencyMs = ms.toFixed(0);
          chased = undefined;
        }
        if (chase && lastMeasured !== undefined && asOf?.eventIds.includes(lastMeasured.eventId)) {
          setText(latency, lastMeasured.text);
        }
        draw(answer.list);
      }
    } catch {
      // Said by the banner; the next read tries again.
    } finally {
      reading = false;
      schedule();
    }
  };

  const schedule = () => {
    clearTimeout(timer);
    if (closed) return;
    if (chased !== undefined && performance.now() - chased.startedMs > CHASE_LIMIT_MS) chased = undefined;
    timer = setTimeout(read, chased !== undefined ? CHASE_MS : document.hidden ? 5 * pollMs : pollMs);
  };

  const onSent = ({ detail }) => {
    if (detail.kind === 'bad') return;
    chased = detail;
    if (!reading) void read();
  };
  if (chase) sent.addEventListener('sent', onSent);
  void read();

  return {
    element,
    /** Shows the age by the server's clock. */
    tick() {
      setText(age, asOf === undefined ? '' : `${duration(Math.max(0, Date.now() + clockAheadMs - asOf.at))} old`);
    },
    /** Asks anew, for another visitor. */
    reset() {
      generation++;
      etag = undefined;
      asOf = undefined;
      chased = undefined;
      shown = [];
      setText(latency, '');
      items.replaceChildren();
      reading = false;
      void read();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      sent.removeEventListener('sent', onSent);
    },
  };
}

/** Lets items that stayed move to their new places instead of jumping. */
function glide(items, positions) {
  for (const child of items.children) {
    const from = positions.get(child.dataset.item);
    if (from === undefined) continue;
    const to = child.getBoundingClientRect();
    const dx = from.left - to.left;
    const dy = from.top - to.top;
    if (dx === 0 && dy === 0) continue;
    child.animate([{ transform: `translate(${dx}px, ${dy}px)` }, { transform: 'none' }], {
      duration: 320,
      easing: 'ease-out',
    });
  }
}
