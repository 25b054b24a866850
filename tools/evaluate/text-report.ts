// The figures as text for a terminal.

import type { EvaluationResult, TaskFigures } from './evaluation.ts';

/** Tables of an evaluation; without a line break at its end. */
export function evaluationText(result: EvaluationResult): string {
  const { events, questions, items, refused, seconds, state } = result;
  const lines = [
    `${result.dataSet}, ${result.protocol}`,
    `${grouped(events)} events learned, ${grouped(questions)} questions, ${grouped(items)} items, ${seconds.toFixed(1)} s`,
  ];
  if (refused > 0) lines.push(`${grouped(refused)} events were refused by the engine`);
  for (const task of new Set(result.tasks.map((figures) => figures.task))) {
    const figures = result.tasks.filter((figures) => figures.task === task);
    lines.push('', `${task} (${grouped(figures[0]!.targets)} targets)`, ...mainTable(figures, result.ks));
    lines.push(
      '',
      `${task}, HR@${longest(result)} / MRR@${longest(result)} by length of history`,
      ...historyTable(figures),
    );
  }
  lines.push('', 'state, encoded, keys included', ...stateTable(state));
  lines.push('', 'cost in CPU time, medians, everything decoded', ...costTable(result));
  return lines.join('\n');
}

function longest({ ks }: EvaluationResult): number {
  return ks.at(-1)!;
}

function mainTable(tasks: readonly TaskFigures[], ks: readonly number[]): string[] {
  const head = [
    'algorithm',
    ...ks.flatMap((k) => [`HR@${k}`, `MRR@${k}`, `NDCG@${k}`]),
    'coverage',
    'popularity',
    'diversity',
    'items',
  ];
  return table([
    head,
    ...tasks.map(({ algorithm, figures, lists }) => [
      algorithm,
      ...figures.flatMap(({ hitRate, mrr, ndcg }) => [percent(hitRate), percent(mrr), percent(ndcg)]),
      percent(lists.coverage),
      lists.popularity.toFixed(3),
      lists.diversity?.toFixed(3) ?? '-',
      lists.meanLength.toFixed(1),
    ]),
  ]);
}

function historyTable(tasks: readonly TaskFigures[]): string[] {
  const histories = tasks[0]!.byHistory.map(({ history }) => history);
  return table([
    ['algorithm', ...histories],
    ['', ...tasks[0]!.byHistory.map(({ targets }) => `n=${grouped(targets)}`)],
    ...tasks.map(({ algorithm, byHistory }) => [
      algorithm,
      ...byHistory.map(({ figures }) => `${percent(figures.at(-1)!.hitRate)} / ${percent(figures.at(-1)!.mrr)}`),
    ]),
  ]);
}

function stateTable({ items, rowBytes, neighboursBytes, visitors, profileBytes }: EvaluationResult['state']): string[] {
  const per = (bytes: number, count: number) => (count === 0 ? '-' : (bytes / count).toFixed(0));
  return table([
    ['', 'count', 'bytes each'],
    ['items: rows', grouped(items), per(rowBytes, items)],
    ['items: neighbours records with vectors', grouped(items), per(neighboursBytes, items)],
    ['items: both', grouped(items), per(rowBytes + neighboursBytes, items)],
    ['visitors: profiles', grouped(visitors), per(profileBytes, visitors)],
  ]);
}

function costTable({ lists, updates }: EvaluationResult): string[] {
  const us = (value: number) => `${value.toFixed(1)} µs`;
  return table([
    ...Object.entries(lists.usPerList).map(([algorithm, value]) => [
      `a list by ${algorithm}, with its reasons`,
      us(value),
    ]),
    ...Object.entries(lists.scoringUsPerList).map(([algorithm, value]) => [
      `of it the related items by ${algorithm}`,
      us(value),
    ]),
    ["decoding a list's records where none is in memory, on top", us(lists.decodingUsPerList)],
    ['an event: profile, pair deltas, rows', updates === undefined ? '-' : us(updates.usPerEvent)],
    ["an event's share of the records that are published", updates === undefined ? '-' : us(updates.publishUsPerEvent)],
  ]);
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ')}`.trimEnd(),
  );
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}

function grouped(count: number): string {
  return count.toLocaleString('en-GB');
}
