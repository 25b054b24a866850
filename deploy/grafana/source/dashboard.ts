// A dashboard as it is written here, a table of rows and panels, and what Grafana makes of it. Grafana's own SDK builds the JSON, so the
// compiler holds it against Grafana's model.

import * as common from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** A diagram over time. */
export interface Chart {
  readonly title: string;
  /** What it shows, and what it should look like. */
  readonly text: string;
  /** Grafana's name, e.g. `s`, `bytes`, `percentunit`; `short` for counts. */
  readonly unit: string;
  /** PromQL and the legend of what it gives, with labels in double braces. */
  readonly queries: readonly (readonly [expression: string, legend: string])[];
  /** Values are parts of a whole. */
  readonly isStacked?: boolean;
}

export interface Board {
  /** Part of its address, and the file's name. */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly rows: readonly { readonly title: string; readonly charts: readonly Chart[] }[];
}

const TAG = 'freshet';
/** Chosen in the dashboard, so that it works with any Prometheus. */
const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` };
const COLUMNS = 24;
const HEIGHT = 8;

function panel(chart: Chart, width: number): PanelBuilder {
  const { title, text, unit, queries, isStacked = false } = chart;
  const builder = new PanelBuilder()
    .title(title)
    .description(text)
    .datasource(DATASOURCE)
    .unit(unit)
    .min(0)
    .height(HEIGHT)
    .span(width)
    .fillOpacity(isStacked ? 40 : 5)
    .showPoints(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi));
  if (isStacked) builder.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  for (const [i, [expression, legend]] of queries.entries())
    builder.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode('A'.charCodeAt(0) + i))
        .datasource(DATASOURCE)
        .expr(expression)
        .legendFormat(legend)
        .range(),
    );
  return builder;
}

/** Grafana's JSON model of it. */
export function buildDashboard({ name, title, text, rows }: Board): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(`freshet-${name}`)
    .description(text)
    .tags([TAG])
    .readonly()
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Freshet')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .keepTime(true),
    );
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    // As many in a line as can be read.
    const width = COLUMNS / Math.min(3, row.charts.length);
    for (const chart of row.charts) builder.withPanel(panel(chart, width));
  }
  return builder.build();
}
