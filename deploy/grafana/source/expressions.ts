// Expressions that many charts are made of.

/** Grafana's window: as short as the resolution allows, and never shorter than a few scrapes. */
const WINDOW = '$__rate_interval';

/** Growth per second, added up over what is not named in `by`. @param series with its labels */
export const rate = (series: string, by = ''): string =>
  by === '' ? `sum(rate(${series}[${WINDOW}]))` : `sum by (${by}) (rate(${series}[${WINDOW}]))`;

/** A quantile of a histogram's values. @param histogram without `_bucket`. @param labels as in `{...}`, without the braces */
export function quantile(q: number, histogram: string, by = '', labels = ''): string {
  const selected = labels === '' ? `${histogram}_bucket` : `${histogram}_bucket{${labels}}`;
  return `histogram_quantile(${q}, ${rate(selected, by === '' ? 'le' : `le, ${by}`)})`;
}

/** Share of `part` in `whole`, 0 to 1. */
export const share = (part: string, whole: string): string => `${part} / ${whole}`;
