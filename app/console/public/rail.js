// The row of items in a list. A redraw must not be felt by whoever is using the row, so an item keeps its node for as long as it stays
// in the list, a node is changed only where it shows something else, and the node that has the keyboard focus is never moved: the
// others are moved around it. While the mouse or a finger is down in the row nothing is drawn at all, because a click is only a click
// when the same node is under the pointer at both of its ends.
import { card } from './card.js';
import { h, prefersLessMotion } from './dom.js';

/**
 * @param options.onOpen Called with the id of an item that is opened.
 * @param options.fallback What gets the focus when the focused item has left and no item is left to take it.
 */
export function createRail({ id, onOpen, fallback }) {
  const element = h('ul', { class: 'rail', id });
  /** Cards by item id. */
  const cards = new Map();
  let isPressed = false;
  /** What to draw when the pointer is up again. */
  let waiting;

  const order = (nodes) => {
    const pivot = nodes.find((node) => node.contains(document.activeElement)) ?? nodes[0];
    if (pivot === undefined) return;
    if (pivot.parentNode !== element) element.prepend(pivot);
    const at = nodes.indexOf(pivot);
    for (let i = at - 1; i >= 0; i--) {
      if (nodes[i].nextElementSibling !== nodes[i + 1]) element.insertBefore(nodes[i], nodes[i + 1]);
    }
    for (let i = at + 1; i < nodes.length; i++) {
      if (nodes[i - 1].nextElementSibling !== nodes[i]) nodes[i - 1].after(nodes[i]);
    }
  };

  /** Returns whether the items or their order are others than before. */
  const arrange = (entries) => {
    const before = [...element.children].map((child) => child.dataset.item);
    if (before.length === entries.length && entries.every((entry, i) => entry.id === before[i])) return false;
    const hadFocus = element.contains(document.activeElement);
    const positions = prefersLessMotion() ? undefined : positionsOf(element);
    const stays = new Set(entries.map((entry) => entry.id));
    for (const itemId of before) {
      if (stays.has(itemId)) continue;
      cards.get(itemId).element.remove();
      cards.delete(itemId);
    }
    for (const entry of entries) {
      if (!cards.has(entry.id)) cards.set(entry.id, card(entry, { onOpen, isNew: before.length > 0 }));
    }
    order(entries.map((entry) => cards.get(entry.id).element));
    if (hadFocus && !element.contains(document.activeElement)) {
      (element.querySelector('a') ?? fallback).focus({ preventScroll: true });
    }
    if (positions !== undefined) glide(element, positions);
    return true;
  };

  const draw = ({ entries, onDrawn }) => {
    for (const entry of entries) cards.get(entry.id)?.update(entry);
    onDrawn(arrange(entries));
  };

  const release = () => {
    isPressed = false;
    removeEventListener('pointerup', onUp);
    removeEventListener('pointercancel', release);
    removeEventListener('blur', release);
    const last = waiting;
    waiting = undefined;
    if (last !== undefined) draw(last);
  };
  // The click comes after the pointer is up, in the same task.
  const onUp = () => setTimeout(release);
  element.addEventListener('pointerdown', () => {
    isPressed = true;
    addEventListener('pointerup', onUp);
    addEventListener('pointercancel', release);
    addEventListener('blur', release);
  });

  return {
    element,
    /** Shows these entries, at once or when the pointer is up; then calls `onDrawn` with whether items or order have changed. */
    show(entries, onDrawn) {
      if (isPressed) waiting = { entries, onDrawn };
      else draw({ entries, onDrawn });
    },
    clear() {
      waiting = undefined;
      cards.clear();
      element.replaceChildren();
    },
  };
}

const positionsOf = (element) => new Map([...element.children].map((child) => [child, child.getBoundingClientRect()]));

/** Lets items that stayed move to their new places instead of jumping. */
function glide(element, positions) {
  for (const child of element.children) {
    const from = positions.get(child);
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
