// The topology drawn as layers from top to bottom. Nodes are ranked by their longest path from a source (edges that close a circle are
// left out of the ranking and drawn dashed), ordered within a rank by the mean place of their neighbours, and packed into rows as wide
// as the drawing. After Sugiyama's method, without its dummy nodes: edges run behind the nodes.
import { s } from './dom.js';

const NODE_HEIGHT = 26;
const ROW_GAP = 10;
const RANK_GAP = 34;
const NODE_GAP = 10;
const CHAR_WIDTH = 6.1;
const PADDING = 20;
const KIND_WORDS = {
  source: 'source',
  processor: 'processor',
  sink: 'sink',
  store: 'store',
  'global-store': 'global store',
  topic: 'topic',
};

/** A name without the kind that makes it unique: the shape shows the kind. */
const labelOf = (name) => name.replace(/ \([a-z-]+\)$/, '');

/**
 * The same graph with fewer nodes: a source or a sink that stands between one topic and a processor is drawn as that topic. What a
 * sink writes and nobody in the graph reads stays a sink.
 */
export function simplify({ nodes, edges }) {
  const kinds = new Map(nodes.map((node) => [node.name, node.kind]));
  const into = new Map();
  for (const { name, kind } of nodes) {
    if (kind !== 'source' && kind !== 'sink') continue;
    const near =
      kind === 'source'
        ? edges.filter((edge) => edge.to === name).map((edge) => edge.from)
        : edges.filter((edge) => edge.from === name).map((edge) => edge.to);
    const topics = near.filter((other) => kinds.get(other) === 'topic');
    if (topics.length !== 1) continue;
    const isRead = kind === 'source' || edges.some((edge) => edge.from === topics[0]);
    if (isRead) into.set(name, topics[0]);
    else into.set(topics[0], name);
  }
  const at = (name) => into.get(name) ?? name;
  const seen = new Set();
  const merged = [];
  for (const edge of edges) {
    const from = at(edge.from);
    const to = at(edge.to);
    const id = `${from}\n${to}`;
    if (from === to || seen.has(id)) continue;
    seen.add(id);
    merged.push({ from, to });
  }
  return { nodes: nodes.filter((node) => !into.has(node.name)), edges: merged };
}

/** Edges that lead back to a node on the path to them, found depth first from the nodes that nothing leads to. */
function backEdges(nodes, edges) {
  const out = new Map(nodes.map((node) => [node.name, []]));
  const incoming = new Map(nodes.map((node) => [node.name, 0]));
  for (const edge of edges) {
    out.get(edge.from)?.push(edge);
    incoming.set(edge.to, (incoming.get(edge.to) ?? 0) + 1);
  }
  const status = new Map();
  const back = new Set();
  const visit = (name) => {
    status.set(name, 'open');
    for (const edge of out.get(name) ?? []) {
      if (status.get(edge.to) === 'open') back.add(edge);
      else if (!status.has(edge.to)) visit(edge.to);
    }
    status.set(name, 'done');
  };
  const starts = [...nodes].sort((a, b) => incoming.get(a.name) - incoming.get(b.name));
  for (const node of starts) if (!status.has(node.name)) visit(node.name);
  return back;
}

/** Longest path from a start, by relaxing as often as there are nodes at most. */
function ranks(nodes, edges) {
  const rank = new Map(nodes.map((node) => [node.name, 0]));
  for (let round = 0, changed = true; changed && round <= nodes.length; round++) {
    changed = false;
    for (const { from, to } of edges) {
      if (rank.get(to) < rank.get(from) + 1) {
        rank.set(to, rank.get(from) + 1);
        changed = true;
      }
    }
  }
  return rank;
}

/** Positions of all nodes, `{ x, y, width, node }` by name with `x`, `y` at the centre, and the height of the drawing. */
export function layout({ nodes, edges }, width) {
  const known = new Set(nodes.map((node) => node.name));
  const real = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const back = backEdges(nodes, real);
  const forward = real.filter((edge) => !back.has(edge));
  const rank = ranks(nodes, forward);
  // A store stands beside what uses it, not at the end of all paths: pull nodes without children up or down to their neighbours.
  for (const node of nodes) {
    const children = forward.filter((edge) => edge.from === node.name).map((edge) => rank.get(edge.to));
    const parents = forward.some((edge) => edge.to === node.name);
    if (!parents && children.length > 0) rank.set(node.name, Math.min(...children) - 1);
  }
  const layers = [];
  for (const node of nodes) {
    const at = rank.get(node.name);
    layers[at] ??= [];
    layers[at].push(node);
  }
  const place = new Map();
  const numberOf = (layer) => {
    for (const [i, node] of layer.entries()) place.set(node.name, (i + 0.5) / layer.length);
  };
  for (const layer of layers) if (layer !== undefined) numberOf(layer);
  for (let sweep = 0; sweep < 8; sweep++) {
    const side = sweep % 2 === 0 ? ['to', 'from'] : ['from', 'to'];
    const ordered = sweep % 2 === 0 ? layers : [...layers].reverse();
    for (const layer of ordered) {
      if (layer === undefined) continue;
      const mean = new Map(
        layer.map((node) => {
          const near = forward.filter((edge) => edge[side[0]] === node.name).map((edge) => place.get(edge[side[1]]));
          return [node.name, near.length === 0 ? place.get(node.name) : near.reduce((a, b) => a + b, 0) / near.length];
        }),
      );
      layer.sort((a, b) => mean.get(a.name) - mean.get(b.name));
      numberOf(layer);
    }
  }
  const boxes = new Map();
  let y = NODE_HEIGHT / 2 + 2;
  for (const layer of layers) {
    if (layer === undefined || layer.length === 0) continue;
    const widths = layer.map((node) => Math.min(width - 4, labelOf(node.name).length * CHAR_WIDTH + PADDING));
    const needed = widths.reduce((a, b) => a + b + NODE_GAP, -NODE_GAP);
    const rowCount = Math.ceil(needed / (width - 4));
    const packed = [[]];
    let used = 0;
    layer.forEach((node, i) => {
      const row = packed.at(-1);
      const isFull =
        row.length > 0 && (used + widths[i] > width - 4 || (packed.length < rowCount && used >= needed / rowCount));
      if (isFull) {
        packed.push([]);
        used = 0;
      }
      packed.at(-1).push({ node, width: widths[i] });
      used += widths[i] + NODE_GAP;
    });
    for (const row of packed) {
      const taken = row.reduce((sum, box) => sum + box.width, 0);
      const gap = Math.min(48, (width - 4 - taken) / (row.length + 1));
      let x = (width - taken - gap * (row.length - 1)) / 2;
      for (const box of row) {
        boxes.set(box.node.name, { x: x + box.width / 2, y, ...box });
        x += box.width + gap;
      }
      y += NODE_HEIGHT + ROW_GAP;
    }
    y += RANK_GAP - ROW_GAP;
  }
  return {
    boxes,
    edges: real.map((edge) => ({ ...edge, isBack: back.has(edge) })),
    height: y - RANK_GAP - NODE_HEIGHT / 2 + 4,
  };
}

function edgePath(from, to) {
  const down = to.y >= from.y;
  const y1 = from.y + (down ? NODE_HEIGHT / 2 : -NODE_HEIGHT / 2);
  const y2 = to.y + (down ? -NODE_HEIGHT / 2 - 4 : NODE_HEIGHT / 2 + 4);
  const bend = Math.max(14, Math.abs(y2 - y1) / 2);
  const d = down ? bend : -bend;
  return `M${from.x.toFixed(1)} ${y1}C${from.x.toFixed(1)} ${y1 + d} ${to.x.toFixed(1)} ${y2 - d} ${to.x.toFixed(1)} ${y2}`;
}

let drawings = 0;

/** An SVG of the topology, `width` units wide. Pointing at a node brings out its edges. */
export function drawTopology(topology, width) {
  const { boxes, edges, height } = layout(topology, width);
  const arrow = `arrow-${drawings++}`;
  const lines = edges.map((edge) => ({
    edge,
    element: s('path', {
      class: edge.isBack ? 'edge back' : 'edge',
      d: edgePath(boxes.get(edge.from), boxes.get(edge.to)),
      'marker-end': `url(#${arrow})`,
    }),
  }));
  const svg = s(
    'svg',
    {
      class: 'topology',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': `Topology of ${boxes.size} nodes and ${edges.length} edges; as text below`,
    },
    s(
      'defs',
      {},
      s(
        'marker',
        { id: arrow, viewBox: '0 0 6 6', refX: 3, refY: 3, markerWidth: 5, markerHeight: 5, orient: 'auto' },
        s('path', { d: 'M0 0l6 3-6 3z' }),
      ),
    ),
    lines.map((line) => line.element),
  );
  for (const { node, x, y, width: w } of boxes.values()) {
    const group = s(
      'g',
      { class: `node ${node.kind}` },
      s('title', {}, `${labelOf(node.name)}: ${KIND_WORDS[node.kind] ?? node.kind}`),
      s('rect', {
        x: x - w / 2,
        y: y - NODE_HEIGHT / 2,
        width: w,
        height: NODE_HEIGHT,
        rx: node.kind.endsWith('store') ? NODE_HEIGHT / 2 : node.kind === 'processor' ? 6 : 2,
      }),
      s('text', { x, y: y + 3.8 }, labelOf(node.name)),
    );
    const bring = (on) => {
      svg.classList.toggle('pointed', on);
      for (const { edge, element } of lines)
        element.classList.toggle('near', on && (edge.from === node.name || edge.to === node.name));
    };
    group.addEventListener('pointerenter', () => bring(true));
    group.addEventListener('pointerleave', () => bring(false));
    svg.append(group);
  }
  return svg;
}

/** The same in words, one line a node. */
export function topologyText({ nodes, edges }) {
  return nodes.map((node) => {
    const to = edges.filter((edge) => edge.from === node.name).map((edge) => edge.to);
    const kind = KIND_WORDS[node.kind] ?? node.kind;
    return to.length === 0 ? `${node.name} (${kind})` : `${node.name} (${kind}) → ${to.join(', ')}`;
  });
}
