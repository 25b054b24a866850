// The catalogue against what processes really say of themselves.

import assert from 'node:assert/strict';
import { CATALOGUE } from '../../app/instruments.ts';
import { prometheusName } from '../../engine/telemetry/index.ts';
import type { MetricsPage } from '../support/metrics-page.ts';

const declared = new Map(CATALOGUE.map((instrument) => [prometheusName(instrument), instrument]));
/** Of the resource, and the bounds of buckets. */
const ELSEWHERE = new Set(['le', 'messaging_system']);

/** Everything on the page is declared: name, kind and attributes. Returns the names, as they are declared. */
export function assertDeclared({ samples, types }: MetricsPage): Set<string> {
  const names = new Set<string>();
  for (const [name, type] of types) {
    if (name === 'target_info') continue;
    const instrument = declared.get(name);
    assert.ok(instrument !== undefined, `${name} is not declared`);
    assert.equal(type, instrument.kind, name);
    names.add(instrument.name);
    const labels = new Set(instrument.attributes.map((attribute) => attribute.replaceAll('.', '_')));
    for (const sample of samples) {
      if (sample.name.replace(/_(bucket|sum|count)$/, '') !== name && sample.name !== name) continue;
      for (const label of Object.keys(sample.labels))
        assert.ok(labels.has(label) || ELSEWHERE.has(label), `${name} has the label ${label}, which is not declared`);
    }
  }
  return names;
}
