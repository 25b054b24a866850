// The rules as a resource of the Prometheus operator.

import { parse, stringify } from 'yaml';

const HEAD = `# Made by \`npm run deploy:generate\` from deploy/prometheus/rules.yaml, which says what they are for.
`;

/** @param rules a rule file as Prometheus reads it */
export function ruleResource(rules: string): string {
  const resource = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'freshet', labels: { 'app.kubernetes.io/name': 'freshet' } },
    spec: parse(rules) as object,
  };
  return HEAD + stringify(resource, { lineWidth: 0 });
}
