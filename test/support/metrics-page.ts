// Prometheus's text format as far as exporters of OpenTelemetry write it: names, labels and values.

export interface Sample {
  /** With `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
}

export interface MetricsPage {
  readonly samples: readonly Sample[];
  /** `counter`, `gauge` or `histogram`, by name. */
  readonly types: ReadonlyMap<string, string>;
}

const LINE = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** @throws {TypeError} for a line that is not of the format */
export function parseMetrics(text: string): MetricsPage {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) types.set(typed, type);
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) throw new TypeError(`no sample: ${line}`);
    const pairs = Array.from(labels.matchAll(LABEL), ([, key, text]) => [key!, text!] as const);
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return { samples, types };
}

export async function readMetrics(url: string): Promise<MetricsPage> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return parseMetrics(await response.text());
}
