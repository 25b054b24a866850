// A list that is read again and again by the public API, and shows how fresh it is. After one of the visitor's own clicks it is read
// in quick succession until it contains that event, so that the page measures what a shopper feels: from click to new list.

import { listClick, sent } from './actions.js';
import { Refused, readList, Unreachable } from './api.js';
import { h, setText } from './dom.js';
import { duration } from './format.js';
import { announce } from './notices.js';
import { isPaused, pausing } from './pause.js';
import { createRail } from './rail.js';

const POLL_MS = 400;
const CHASE_MS = 15;
/** An engine that has not taken the event up by then is busy: the list is read no more often than others. */
const CHASE_LIMIT_MS = 4_000;
/** A list that has not taken it up by then was not changed by it. */
const CHASE_END_MS = 60_000;
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

const OWN_RUNGS = ['visitor', 'session'];

/** True when the list contains the event, or at least a later one of the visitor's: what is popular goes on without the visitor. */
const contains = ({ asOf, rung }, event) =>
  asOf !== undefined && (asOf.eventIds.includes(event.eventId) || (OWN_RUNGS.includes(rung) && asOf.at > event.at));

/**
 * @param options.path What to read, with a query that begins with `?`; a function, so that a new visitor is asked for anew.
 * @param options.chase Whether the visitor's own events are to change this list.
 * @param options.leaveOut Id of an item that is not shown.
 * @param options.isNarrow Whether the title promises less than the whole shop, so that items that were topped up from it are not shown.
 * @param options.isShared Whether it is the same for everybody, so that there is nothing to know.
 */
export function liveList({
  id,
  title,
  path,
  placement,
  leaveOut,
  isNarrow = false,
  chase = false,
  isShared = false,
  emptyText,
  pollMs = POLL_MS,
}) {
  const age = h('span', { class: 'age' });
  const latency = h('strong', { class: 'latency' });
  const rung = h('span', { class: 'rung' });
  const heading = h('h2', { id: `${id}-title`, tabindex: '-1' }, title);
  const empty = h('p', { class: 'quiet', hidden: true }, emptyText);
  let listId;
  const rail = createRail({
    id: `${id}-items`,
    onOpen: (itemId) => void listClick(itemId, listId, placement),
    fallback: heading,
  });
  const element = h(
    'section',
    { class: 'live', id, 'aria-labelledby': `${id}-title` },
    h(
      'div',
      { class: 'live-head' },
      heading,
      rung,
      h('p', { class: 'freshness' }, h('span', { class: 'dot', 'aria-hidden': 'true' }), latency, age),
    ),
    rail.element,
    empty,
  );

  let etag;
  let hasDrawn = false;
  let asOf;
  let clockAheadMs = 0;
  let chased;
  let timer;
  let closed = false;
  let reading = false;
  let generation = 0;

  const isShown = (item, list) => item.id !== leaveOut && !(isNarrow && (item.rung ?? list.rung) === 'global');

  const draw = (list) => {
    const shown = list.items.filter((item) => isShown(item, list));
    rail.show(shown, (hasChanged) => {
      listId = list.listId;
      if (empty.hidden !== shown.length > 0) empty.hidden = shown.length > 0;
      setText(rung, isShared ? '' : (RUNG_WORDS[list.rung] ?? ''));
      const first = shown[0];
      if (chase && hasDrawn && hasChanged && first !== undefined) {
        announce(`${title} changed. First is ${first.item?.title ?? 'a product'}. ${first.reasons[0]?.text ?? ''}`);
      }
      hasDrawn = true;
    });
  };

  /** By the server's clock. */
  const showAge = () => {
    if (isPaused()) setText(age, 'paused');
    else setText(age, asOf === undefined ? '' : `${duration(Math.max(0, Date.now() + clockAheadMs - asOf.at))} old`);
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
        if (chased !== undefined && contains(answer.list, chased)) {
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
        showAge();
      }
    } catch (error) {
      // A lost connection is said by the banner, and the next read tries again.
      if (!(error instanceof Unreachable || error instanceof Refused)) reportError(error);
    } finally {
      if (mine === generation) {
        reading = false;
        schedule();
      }
    }
  };

  const schedule = () => {
    clearTimeout(timer);
    if (closed) return;
    const chasedMs = chased === undefined ? Number.POSITIVE_INFINITY : performance.now() - chased.startedMs;
    if (chasedMs > CHASE_END_MS) chased = undefined;
    if (isPaused() && hasDrawn && chased === undefined) return;
    timer = setTimeout(read, chasedMs < CHASE_LIMIT_MS ? CHASE_MS : document.hidden ? 5 * pollMs : pollMs);
  };

  const onSent = ({ detail }) => {
    if (detail.kind === 'bad') return;
    chased = detail;
    if (!reading) void read();
  };
  const onPause = () => {
    if (!reading) schedule();
  };
  pausing.addEventListener('pause', onPause);
  if (chase) sent.addEventListener('sent', onSent);
  void read();

  return {
    element,
    /** Shows the age as it is now. */
    tick: showAge,
    /** Asks anew, for another visitor. */
    reset() {
      generation++;
      etag = undefined;
      asOf = undefined;
      chased = undefined;
      listId = undefined;
      hasDrawn = false;
      setText(latency, '');
      rail.clear();
      reading = false;
      void read();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      pausing.removeEventListener('pause', onPause);
      sent.removeEventListener('sent', onSent);
    },
  };
}
