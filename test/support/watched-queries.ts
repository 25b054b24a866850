// Every query that deploy/ has: of rules, of alerts, of dashboards.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const deploy = join(import.meta.dirname, '..', '..', 'deploy');

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: { readonly summary: string; readonly runbook_url: string };
}

export const RULES_TEXT = readFileSync(join(deploy, 'prometheus', 'rules.yaml'), 'utf8');
export const RULES: readonly Rule[] = (parse(RULES_TEXT) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);

export interface WatchedQuery {
  /** Where it stands. */
  readonly place: string;
  readonly expression: string;
}

/** An alert's expression without its comparisons: it must give what is compared. */
export function withoutComparisons(expression: string): string {
  return expression.replaceAll(/\s(?:[<>]=?|==|!=)\s+[\d.]+(?:\s\*\s[\d.]+)?/g, '');
}

interface Panel {
  readonly title?: string;
  readonly type: string;
  readonly panels?: readonly Panel[];
  readonly targets?: readonly { readonly expr: string }[];
}

/** Grafana's JSON as it is, by file. */
export function dashboards(): { readonly file: string; readonly panels: readonly Panel[] }[] {
  return globSync('grafana/dashboards/*.json', { cwd: deploy }).map((file) => ({
    file,
    ...(JSON.parse(readFileSync(join(deploy, file), 'utf8')) as { panels: Panel[] }),
  }));
}

/** @param window for Grafana's `$__rate_interval` */
export function watchedQueries(window: string): WatchedQuery[] {
  const ofRules = RULES.map(({ record, alert, expr }) => ({
    place: `rule ${record ?? alert}`,
    expression: alert === undefined ? expr : withoutComparisons(expr),
  }));
  const ofDashboards = dashboards().flatMap(({ file, panels }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({
        place: `${file}: ${title}`,
        expression: expr.replaceAll('$__rate_interval', window),
      })),
    ),
  );
  return [...ofRules, ...ofDashboards];
}
