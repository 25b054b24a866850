// Elements from data. Text is always set as text, so nothing that comes from an event or a catalog can become markup.

const SVG = 'http://www.w3.org/2000/svg';

/** @param {Element} element */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name.startsWith('--')) element.style.setProperty(name, String(value));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return element;
}

/** An HTML element: `h('a', { href: '#/' }, 'Home')`. A property `onclick` is a listener, `--x` a CSS variable. */
export const h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);

/** An SVG element. */
export const s = (tag, properties, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

export const byId = (id) => document.getElementById(id);

/** Sets text only when it differs: no layout, and nothing for a screen reader to repeat. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const prefersLessMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
