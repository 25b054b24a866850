// What rules and dashboards ask for is what is measured: names of metrics and of labels, by the catalogue.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CATALOGUE } from '../../../app/instruments.ts';
import { prometheusName } from '../../../engine/telemetry/index.ts';
import { dashboards, RULES, watchedQueries, withoutComparisons } from '../../support/watched-queries.ts';

/** Given by Prometheus to what it scrapes, or part of a histogram. */
const COMMON_LABELS = ['job', 'instance', 'le'];
const WORDS = /\b[a-z_]+(?::[a-z0-9_]+)*\b/g;
const SERIES = /\b([a-z][a-z0-9_]*)\{([^}]*)\}/g;

/** Labels by the name of a series. */
const KNOWN = new Map<string, ReadonlySet<string>>([['up', new Set(COMMON_LABELS)]]);
for (const instrument of CATALOGUE) {
  const name = prometheusName(instrument);
  const labels = new Set([
    ...COMMON_LABELS,
    ...instrument.attributes.map((attribute) => attribute.replaceAll('.', '_')),
  ]);
  if (name.startsWith('messaging_')) labels.add('messaging_system');
  for (const end of instrument.kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
    KNOWN.set(name + end, labels);
}
const ALL_LABELS = new Set([...KNOWN.values()].flatMap((labels) => [...labels]));
const RECORDED = new Set(RULES.flatMap(({ record }) => record ?? []));
const queries = watchedQueries('1m');

test('every metric that is asked for is in the catalogue, or is recorded', () => {
  assert.ok(queries.length > 100);
  for (const { place, expression } of queries) {
    const bare = expression.replaceAll(/"[^"]*"|\[[^\]]*\]/g, '');
    const names = bare.match(WORDS) ?? [];
    const ours = names.filter((name) => /^(freshet|messaging|http|db|nodejs|v8js|process)_|:/.test(name));
    for (const name of ours)
      assert.ok(KNOWN.has(name) || RECORDED.has(name) || ALL_LABELS.has(name), `${place}: ${name}`);
  }
});

test('every label that a metric is selected by is one that it has', () => {
  for (const { place, expression } of queries)
    for (const [, name, selectors] of expression.matchAll(SERIES))
      for (const [, label] of selectors!.matchAll(/([a-z_]+)(?:=~|!~|!=|=)/g))
        assert.ok(KNOWN.get(name!)?.has(label!), `${place}: ${name} has no label ${label}`);
});

test('every alert says how urgent it is and leads to a part of the runbook', () => {
  const runbook = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  const headings = new Set([...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading));
  for (const { alert, labels, annotations } of RULES) {
    if (alert === undefined) continue;
    assert.ok(labels?.severity === 'page' || labels?.severity === 'ticket', alert);
    assert.equal(annotations?.runbook_url, `docs/operations.md#${alert.toLowerCase()}`);
    assert.ok(headings.has(alert), `docs/operations.md has no heading ${alert}`);
    assert.ok(annotations.summary.length > 0);
  }
});

test('every panel says what it shows, and stands in the grid beside the others', () => {
  for (const { file, panels } of dashboards()) {
    const taken = new Set<string>();
    for (const panel of panels as readonly DrawnPanel[]) {
      const { x, y, w, h } = panel.gridPos;
      assert.ok(x + w <= 24, `${file}: ${panel.title}`);
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          assert.ok(!taken.has(`${column} ${line}`), `${file}: ${panel.title} lies over another`);
          taken.add(`${column} ${line}`);
        }
      if (panel.type !== 'row') assert.ok((panel.description ?? '') !== '', `${file}: ${panel.title}`);
    }
  }
});

test('an expression without its comparisons is what is compared', () => {
  assert.equal(withoutComparisons('(a > 14.4 * 0.01 and b{c!="d"} >= 2) or e == 0'), '(a and b{c!="d"}) or e');
});

interface DrawnPanel {
  readonly title?: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}
