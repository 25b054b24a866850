// The live view of the engine: one message a second, drawn into a panel that is built once. The browser connects again by itself when
// the stream breaks; the panel says so.
import { sendBadEvent } from './actions.js';
import * as api from './api.js';
import { byId, h, setText } from './dom.js';
import { bytes, count, duration, short, uptime } from './format.js';
import { connection } from './notices.js';
import { isPaused } from './pause.js';
import { sparkline } from './sparkline.js';
import { drawTopology, simplify, topologyText } from './topology.js';

const FAULTS = [
  ['missing-item', 'a view of no item'],
  ['unknown-item', 'a view of an item nobody sells'],
  ['future', 'a view an hour in the future'],
  ['negative-quantity', 'a negative quantity'],
  ['unreadable', 'bytes that are not an event'],
];
const RATE_STEP = 5;
const MAX_RATE = 2000;

const figure = (label, id, line) =>
  h('div', { class: 'figure' }, h('dt', {}, label), h('dd', {}, h('span', { id }, '–'), line?.element));
const section = (title, id, ...children) =>
  h('section', { 'aria-labelledby': id }, h('h3', { id }, title), ...children);
const ms = (value) => (value === undefined || value === null ? '–' : duration(value));

/** Rows of a table that are kept from message to message: made once per name, updated in place. */
function rows(body, make) {
  const known = new Map();
  return (items, nameOf, update) => {
    for (const item of items) {
      const name = nameOf(item);
      let row = known.get(name);
      if (row === undefined) {
        row = make(name);
        known.set(name, row);
        body.append(row.element);
      }
      update(row, item);
    }
  };
}

const table = (caption, heads, body) =>
  h(
    'table',
    { class: caption.toLowerCase() },
    h('caption', { class: 'hidden' }, caption),
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    body,
  );

function lineRow(name) {
  const line = sparkline(64, 18);
  const cells = [0, 1, 2].map(() => h('td', { class: 'number' }));
  const element = h('tr', {}, h('th', { scope: 'row' }, name), h('td', { class: 'line' }, line.element), ...cells);
  return { element, line, cells };
}

function storeRow(name) {
  const cells = [0, 1, 2].map(() => h('td', { class: 'number' }));
  return { element: h('tr', {}, h('th', { scope: 'row' }, name), ...cells), cells };
}

function rateControl() {
  const output = h('output', { for: 'rate', id: 'rate-output' });
  const input = h('input', { type: 'range', id: 'rate', min: '0', max: String(MAX_RATE), step: String(RATE_STEP) });
  const show = (rate) => setText(output, `${count(rate)} events/s`);
  let touchedMs = -Infinity;
  input.addEventListener('input', () => {
    touchedMs = performance.now();
    show(Number(input.value));
  });
  input.addEventListener('change', () => {
    touchedMs = performance.now();
    api.setRate(Number(input.value)).catch(() => {
      touchedMs = -Infinity;
    });
  });
  return {
    element: h(
      'div',
      { class: 'rate', hidden: true },
      h('label', { for: 'rate' }, 'Simulated shoppers'),
      output,
      input,
    ),
    /** Follows the engine, but never under the visitor's fingers. */
    update(shop) {
      this.element.hidden = shop === undefined;
      if (shop === undefined || performance.now() - touchedMs < 2_500) return;
      // The slider rounds to its steps; the figure is the shop's own.
      input.value = String(shop.eventsPerSecond);
      show(shop.eventsPerSecond);
    },
  };
}

function badEventControl() {
  const select = h('select', { id: 'fault' }, ...FAULTS.map(([value, text]) => h('option', { value }, text)));
  return h(
    'div',
    { class: 'bad-event' },
    h('label', { for: 'fault' }, 'Try it: send '),
    select,
    h('button', { type: 'button', id: 'send-bad', onclick: () => void sendBadEvent(select.value) }, 'Send bad event'),
  );
}

function drawRefused(list, refused) {
  const newest = refused[0];
  const mark =
    newest === undefined
      ? 'none'
      : `${newest.topic} ${newest.partition} ${newest.offset} ${newest.code} ${refused.length}`;
  if (list.dataset.mark === mark) return;
  list.dataset.mark = mark;
  if (newest === undefined) {
    list.replaceChildren(h('li', { class: 'quiet' }, 'None so far.'));
    return;
  }
  list.replaceChildren(
    ...refused.map((record) =>
      h(
        'li',
        {},
        h(
          'p',
          {},
          h('code', { class: 'code' }, record.code),
          h('time', { datetime: new Date(record.at).toISOString() }, new Date(record.at).toLocaleTimeString('en-GB')),
        ),
        h('p', {}, record.text),
        h('p', { class: 'where' }, `${record.topic}-${record.partition}, offset ${count(record.offset)}`),
      ),
    ),
  );
}

function topologySection() {
  const holder = h('div', { class: 'drawing' });
  const text = h('ul', {});
  const large = h('div', { class: 'drawing' });
  const dialog = h(
    'dialog',
    { class: 'large', 'aria-label': 'Topology' },
    h(
      'form',
      { method: 'dialog' },
      h('h2', {}, 'Topology'),
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'),
    ),
    large,
  );
  let mark;
  let latest;
  const element = section(
    'Topology',
    'topology-title',
    holder,
    h(
      'div',
      { class: 'buttons' },
      h(
        'button',
        {
          type: 'button',
          id: 'enlarge',
          onclick: () => {
            large.replaceChildren(drawTopology(latest, Math.min(1_280, Math.max(700, innerWidth - 96))));
            dialog.showModal();
          },
        },
        'Enlarge',
      ),
    ),
    h('details', {}, h('summary', {}, 'As text'), text),
    dialog,
  );
  return {
    element,
    update(topology) {
      const next = JSON.stringify(topology);
      if (next === mark) return;
      mark = next;
      latest = topology;
      holder.replaceChildren(drawTopology(simplify(topology), 400));
      text.replaceChildren(...topologyText(topology).map((line) => h('li', {}, line)));
    },
  };
}

/** Builds the panel and follows the stream. */
export function startEngine(panel) {
  const total = sparkline(120, 26);
  const p50 = sparkline(120, 26);
  const streams = h('tbody', {});
  const quality = h('tbody', {});
  const stores = h('tbody', {});
  const refused = h('ul', { class: 'refused', id: 'refused' });
  const counters = h('dl', { class: 'counters' });
  const rate = rateControl();
  const topology = topologySection();
  panel.append(
    h(
      'header',
      { class: 'engine-head' },
      h('h2', {}, 'The engine, live'),
      h('p', { id: 'engine-status', class: 'status' }, 'Connecting…'),
    ),
    h(
      'dl',
      { class: 'figures' },
      figure('Events per second', 'figure-rate', total),
      figure('Event to list, median', 'figure-p50', p50),
      figure('Event to list, 99 %', 'figure-p99'),
      figure('Waiting events', 'figure-lag'),
    ),
    rate.element,
    section(
      'Streams',
      'streams-title',
      table('Streams', ['Topic', 'Last minute', 'per s', 'Waiting', 'Total'], streams),
    ),
    section(
      'How good the lists are',
      'quality-title',
      h('p', { class: 'quiet' }, 'Where the next item that a visitor looks at was in the list before the look.'),
      table('Quality', ['By', 'Last minute', 'In the first 20', 'Mean of 1/rank', 'Looks'], quality),
    ),
    section('Refused events', 'refused-title', badEventControl(), refused),
    topology.element,
    section('State', 'state-title', table('State', ['Store', 'Keys', 'Size', 'In memory'], stores)),
    section(
      'Process',
      'process-title',
      h(
        'dl',
        { class: 'figures small' },
        figure('Memory', 'figure-rss'),
        figure('Processor', 'figure-cpu'),
        figure('Loop delay', 'figure-loop'),
      ),
      h('details', {}, h('summary', {}, 'Counters'), counters),
    ),
  );
  const updateStreams = rows(streams, lineRow);
  const updateQuality = rows(quality, lineRow);
  const updateStores = rows(stores, storeRow);

  const draw = (view) => {
    const shops = view.streams.filter(({ isInternal }) => !isInternal);
    const perSecond = shops.reduce((sum, stream) => sum + stream.perSecond, 0);
    const lag = view.streams.reduce((sum, stream) => sum + stream.lag, 0);
    const status = byId('engine-status');
    setText(status, `${view.status.toLowerCase()} · ${view.mode} · up ${uptime(view.uptimeMs)}`);
    status.dataset.ok = String(view.status === 'RUNNING');
    setText(byId('figure-rate'), short(Math.round(perSecond)));
    setText(byId('figure-p50'), ms(view.latency.p50Ms));
    setText(byId('figure-p99'), ms(view.latency.p99Ms));
    setText(byId('figure-lag'), short(lag));
    setText(byId('glance'), `${short(Math.round(perSecond))}/s · ${ms(view.latency.p50Ms)}`);
    total.add(perSecond);
    p50.add(view.latency.p50Ms ?? 0);
    rate.update(view.shop);
    updateStreams(
      [...view.streams].sort((a, b) => b.records - a.records),
      (stream) => stream.topic,
      ({ line, cells }, stream) => {
        line.add(stream.perSecond);
        setText(cells[0], short(Math.round(stream.perSecond)));
        setText(cells[1], short(stream.lag));
        setText(cells[2], short(stream.records));
      },
    );
    updateQuality(
      view.quality,
      ({ algorithm }) => algorithm,
      ({ line, cells }, { hitRate, mrr, looks }) => {
        line.add(hitRate);
        setText(cells[0], `${(100 * hitRate).toFixed(1)} %`);
        setText(cells[1], mrr.toFixed(3));
        setText(cells[2], short(looks));
      },
    );
    updateStores(
      view.stores,
      (store) => store.store,
      ({ cells }, store) => {
        setText(cells[0], short(store.keys));
        setText(cells[1], bytes(store.bytes));
        setText(cells[2], bytes(store.cacheBytes));
      },
    );
    drawRefused(refused, view.refused);
    topology.update(view.topology);
    setText(byId('figure-rss'), bytes(view.process.rssBytes));
    setText(byId('figure-cpu'), `${view.process.cpuPercent.toFixed(0)} %`);
    setText(byId('figure-loop'), ms(view.process.eventLoopDelayP99Ms));
    const names = Object.keys(view.counters).sort();
    counters.replaceChildren(...names.flatMap((name) => [h('dt', {}, name), h('dd', {}, count(view.counters[name]))]));
  };

  let source;
  let hasDrawn = false;
  const connect = () => {
    source = new EventSource('/console/stream');
    source.addEventListener('message', (event) => {
      connection('engine', true);
      panel.classList.remove('stale');
      const view = JSON.parse(event.data);
      // A refused event may be the one that the visitor has just sent.
      if (isPaused() && hasDrawn) drawRefused(refused, view.refused);
      else draw(view);
      hasDrawn = true;
    });
    source.addEventListener('error', () => {
      connection('engine', false);
      panel.classList.add('stale');
      setText(byId('engine-status'), 'Not connected. Trying again…');
      // The browser gives up for good on an answer that is no stream, e.g. 503 while the server starts.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2_000);
    });
  };
  connect();
}
