// The picture of a product: its category gives the colour, its id the variation, its title the shape.
import { h, s } from './dom.js';
import { shapeOf } from './icons.js';

/** FNV-1a: the same text always looks the same. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Colours that suit what many shops sell; any other category gets one by its name. */
const HUES = {
  outdoor: 152,
  kitchen: 22,
  audio: 226,
  books: 40,
  garden: 98,
  toys: 328,
  stationery: 262,
  clothing: 204,
  home: 350,
  bikes: 178,
};

const hueOf = (category) => HUES[category.toLowerCase()] ?? hash(category) % 360;

function backdrop(seed) {
  const x = 30 + (seed % 40);
  const y = 24 + ((seed >>> 6) % 30);
  switch ((seed >>> 12) % 4) {
    case 0:
      return [s('circle', { cx: x, cy: y, r: 34 }), s('circle', { cx: 100 - x, cy: 75 - y, r: 16 })];
    case 1:
      return [0, 1, 2].map((i) => s('circle', { cx: x, cy: y, r: 14 + i * 15, class: 'line' }));
    case 2:
      return [0, 1, 2, 3].map((i) => s('path', { class: 'line', d: `M-5 ${14 + i * 19}c18-12 36 12 55 0s37 12 55 0` }));
    default:
      return [s('path', { d: `M0 ${40 + (seed % 20)}c30-24 62 16 100-14v60H0z` })];
  }
}

/** A decorative picture; the title stands beside it as text. */
export function tile(item) {
  const categories = item.categories ?? [];
  const title = item.title ?? item.id;
  const seed = hash(item.id);
  const hue = hueOf(categories[0] ?? title) + (hash(categories.at(-1) ?? title) % 41) - 20;
  const paths = shapeOf(title, categories).map((path) =>
    path.startsWith('*') ? s('path', { d: path.slice(1), class: 'body' }) : s('path', { d: path }),
  );
  return h(
    'span',
    { class: 'tile', '--hue': hue, '--turn': `${seed % 360}deg`, 'aria-hidden': 'true' },
    s('svg', { viewBox: '0 0 100 75', class: 'backdrop', preserveAspectRatio: 'xMidYMid slice' }, backdrop(seed)),
    s('svg', { viewBox: '0 0 48 48', class: 'shape' }, paths),
  );
}
