// The figures as one HTML page that needs nothing else: no script, no font, no server. Charts are inline SVG; colours follow the
// reader's light or dark scheme. Everything that stands in a chart stands in a table, too.

import type { EvaluationResult, TaskFigures } from './evaluation.ts';

const BAR_HEIGHT = 22;
const LABEL_WIDTH = 150;
const BAR_WIDTH = 380;
const VALUE_WIDTH = 70;
const LINE_WIDTH = 560;
const LINE_HEIGHT = 220;
const MARGIN = 40;
const LABEL_HEIGHT = 15;
/** Dashes by which lines are told apart without colours. */
const DASHES = ['', '7 4', '2 3', '10 3 2 3', '5 2', '1 4'] as const;

/** A whole page. */
export function evaluationPage(result: EvaluationResult): string {
  const tasks = [...new Set(result.tasks.map(({ task }) => task))];
  const { dataSet, protocol, events, questions, items } = result;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evaluation: ${escaped(dataSet)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>How good the lists are</h1>
<p>${escaped(dataSet)}, ${escaped(protocol)}: ${grouped(events)} events learned, ${grouped(questions)} questions, ${grouped(items)} items.</p>
${tasks.map((task) => taskSection(task, result)).join('\n')}
${costSection(result)}
</main>
</body>
</html>
`;
}

function taskSection(task: string, { tasks, ks }: EvaluationResult): string {
  const figures = tasks.filter((figures) => figures.task === task);
  const k = ks.at(-1)!;
  const last = ({ figures }: TaskFigures) => figures.at(-1)!;
  return `<section>
<h2>${escaped(capitalised(task))}</h2>
<p>${grouped(figures[0]!.targets)} targets. Hit rate: share of the targets among the first ${k} items. MRR: mean of 1 / rank.</p>
<div class="charts">
${barChart(`Hit rate at ${k}, %`, figures, (one) => 100 * last(one).hitRate)}
${barChart(`MRR at ${k}, %`, figures, (one) => 100 * last(one).mrr)}
</div>
${lineChart(`Hit rate at ${k} by length of history, %`, figures)}
${mainTable(figures, ks)}
${historyTable(figures, k)}
</section>`;
}

function barChart(title: string, figures: readonly TaskFigures[], shareOf: (figures: TaskFigures) => number): string {
  const highest = Math.max(1e-9, ...figures.map(shareOf));
  const bars = figures.map((one, i) => {
    const y = i * (BAR_HEIGHT + 6);
    const width = (BAR_WIDTH * shareOf(one)) / highest;
    const middle = y + BAR_HEIGHT / 2 + 5;
    return `<text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escaped(one.algorithm)}</text>
<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" class="${one.isBaseline ? 'baseline' : 'own'}"/>
<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${middle}">${shareOf(one).toFixed(2)}</text>`;
  });
  const height = figures.length * (BAR_HEIGHT + 6);
  return figure(title, LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH, height, bars.join('\n'));
}

function lineChart(title: string, figures: readonly TaskFigures[]): string {
  const histories = figures[0]!.byHistory.map(({ history }) => history);
  if (histories.length < 2) return '';
  const values = figures.map(({ byHistory }) => byHistory.map(({ figures }) => 100 * figures.at(-1)!.hitRate));
  const highest = Math.max(1, ...values.flat());
  const x = (i: number) => MARGIN + (i * (LINE_WIDTH - 2 * MARGIN)) / (histories.length - 1);
  const y = (value: number) => LINE_HEIGHT - MARGIN - (value / highest) * (LINE_HEIGHT - 2 * MARGIN);
  const axis = [0, highest / 2, highest].map(
    (value) =>
      `<line x1="${MARGIN}" x2="${LINE_WIDTH - MARGIN}" y1="${y(value)}" y2="${y(value)}" class="axis"/>
<text x="${MARGIN - 6}" y="${y(value) + 5}" text-anchor="end">${value.toFixed(0)}</text>`,
  );
  const names = histories.map(
    (history, i) => `<text x="${x(i)}" y="${LINE_HEIGHT - MARGIN + 20}" text-anchor="middle">${history}</text>`,
  );
  const labels = apart(values.map((line) => y(line.at(-1)!)));
  const lines = figures.map(({ algorithm, isBaseline }, i) => {
    const points = values[i]!.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    return `<polyline points="${points}" class="${isBaseline ? 'baseline' : 'own'}" stroke-dasharray="${DASHES[i % DASHES.length]}"/>
<text x="${LINE_WIDTH - MARGIN + 6}" y="${(labels[i]! + 4).toFixed(1)}">${escaped(algorithm)}</text>`;
  });
  return figure(title, LINE_WIDTH + 90, LINE_HEIGHT, [...axis, ...names, ...lines].join('\n'));
}

/** Heights of labels that do not cover each other, in the order of their lines. */
function apart(heights: readonly number[]): number[] {
  const placed = [...heights];
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  for (let i = 1; i < order.length; i++)
    placed[order[i]!] = Math.max(placed[order[i]!]!, placed[order[i - 1]!]! + LABEL_HEIGHT);
  return placed;
}

function figure(title: string, width: number, height: number, content: string): string {
  return `<figure><figcaption>${escaped(title)}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}; the figures are in the table below">
${content}
</svg></figure>`;
}

function mainTable(figures: readonly TaskFigures[], ks: readonly number[]): string {
  const heads = [
    'Algorithm',
    ...ks.flatMap((k) => [`HR@${k}`, `MRR@${k}`, `NDCG@${k}`]),
    'Coverage',
    'Popularity',
    'Diversity',
  ];
  const rows = figures.map(({ algorithm, figures, lists }) => [
    algorithm,
    ...figures.flatMap(({ hitRate, mrr, ndcg }) => [percent(hitRate), percent(mrr), percent(ndcg)]),
    percent(lists.coverage),
    lists.popularity.toFixed(3),
    lists.diversity?.toFixed(3) ?? '–',
  ]);
  return `${table(heads, rows)}
<p class="note">Figures at K and coverage in %. Coverage: share of the items that are in any list. Popularity: mean share of the items that are dealt with less often than a
listed one; 0.5 is no bias. Diversity: mean of 1 − cosine of the pairs of a list, by the sessions that hold both.</p>`;
}

function historyTable(figures: readonly TaskFigures[], k: number): string {
  const heads = [
    `HR@${k} / MRR@${k}`,
    ...figures[0]!.byHistory.map(({ history, targets }) => `${history} (${grouped(targets)})`),
  ];
  const rows = figures.map(({ algorithm, byHistory }) => [
    algorithm,
    ...byHistory.map(({ figures }) => `${percent(figures.at(-1)!.hitRate)} / ${percent(figures.at(-1)!.mrr)}`),
  ]);
  return `${table(heads, rows)}
<p class="note">By length of history; the number of targets in brackets.</p>`;
}

function costSection({ state, lists, updates }: EvaluationResult): string {
  const each = (bytes: number, count: number) => (count === 0 ? '–' : `${(bytes / count).toFixed(0)} bytes`);
  const us = (value: number | undefined) => (value === undefined ? '–' : `${value.toFixed(1)} µs`);
  const rows = [
    ['An item: row', each(state.rowBytes, state.items)],
    ['An item: neighbours record with its vector', each(state.neighboursBytes, state.items)],
    ['A visitor: profile', each(state.profileBytes, state.visitors)],
    ...Object.entries(lists.usPerList).map(([algorithm, value]) => [
      `A list by ${algorithm}, with its reasons`,
      us(value),
    ]),
    ...Object.entries(lists.scoringUsPerList).map(([algorithm, value]) => [
      `Of it the related items by ${algorithm}`,
      us(value),
    ]),
    ["Decoding a list's records where none is in memory, on top", us(lists.decodingUsPerList)],
    ['An event: profile, pair deltas, rows', us(updates?.usPerEvent)],
    ["An event's share of the records that are published", us(updates?.publishUsPerEvent)],
  ];
  return `<section>
<h2>What it costs</h2>
${table(['What', 'Each'], rows)}
<p class="note">State encoded and uncompressed, keys included: ${grouped(state.items)} items, ${grouped(state.visitors)} visitors. Times are medians of CPU time in this run, with everything decoded.</p>
</section>`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col">${escaped(text)}</th>`).join('');
  const body = rows.map(
    ([first, ...others]) =>
      `<tr><th scope="row">${escaped(first!)}</th>${others.map((text) => `<td>${escaped(text)}</td>`).join('')}</tr>`,
  );
  return `<div class="table"><table><thead><tr>${head}</tr></thead><tbody>
${body.join('\n')}
</tbody></table></div>`;
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}

function grouped(count: number): string {
  return count.toLocaleString('en-GB');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #14262b; --soft: #52696f; --paper: #fbfcfb; --rule: #d5dfde; --own: #0b6e68; --base: #8a9a9c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6f1ef; --soft: #a3b9ba; --paper: #10211f; --rule: #2c4442; --own: #5fd3c6; --base: #8aa0a1; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 20px 64px; }
h1, h2 { line-height: 1.2; letter-spacing: -0.015em; }
section { margin-top: 40px; }
.charts { display: flex; flex-wrap: wrap; gap: 12px 32px; }
figure { flex: 1 1 420px; max-width: 680px; margin: 16px 0; }
figcaption { font-weight: 600; margin-bottom: 8px; }
svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
rect.own { fill: var(--own); }
rect.baseline { fill: var(--base); }
polyline { fill: none; stroke-width: 2; }
polyline.own { stroke: var(--own); stroke-width: 3; }
polyline.baseline { stroke: var(--base); }
.axis { stroke: var(--rule); }
.table { overflow-x: auto; margin-top: 16px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; font-weight: 500; }
thead th { color: var(--soft); font-weight: 500; }
.note { color: var(--soft); font-size: 0.875rem; max-width: 75ch; }
`;
