// A small line of the last minute, one value a second, scaled to its own highest value.
import { s } from './dom.js';

const POINTS = 60;

export function sparkline(width, height) {
  const values = [];
  const line = s('polyline', { class: 'stroke' });
  const area = s('polygon', { class: 'area' });
  const element = s(
    'svg',
    { class: 'spark', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' },
    area,
    line,
  );
  return {
    element,
    add(value) {
      values.push(value);
      if (values.length > POINTS) values.shift();
      const highest = Math.max(...values, 1e-9);
      const x = (i) => width - (values.length - 1 - i) * (width / (POINTS - 1));
      const points = values.map(
        (v, i) => `${x(i).toFixed(1)},${(height - 1.5 - (v / highest) * (height - 3)).toFixed(1)}`,
      );
      line.setAttribute('points', points.join(' '));
      area.setAttribute('points', `${x(0).toFixed(1)},${height} ${points.join(' ')} ${width},${height}`);
    },
  };
}
