// Writes what deploy/ has from the code: Strimzi's topics from the plan of topics, the operator's rules from Prometheus's, Grafana's JSON from
// the tables of charts. With --check it fails when a file says anything else.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOARDS, buildDashboard } from '../deploy/grafana/source/index.ts';
import { kafkaTopics } from '../deploy/kubernetes/kafka-topics.ts';
import { ruleResource } from '../deploy/prometheus/rule-resource.ts';

const deploy = join(import.meta.dirname, '..', 'deploy');
const read = (name: string) => readFileSync(join(deploy, name), 'utf8');

const settings = read('kubernetes/base/settings.env');

const made: Readonly<Record<string, string>> = {
  'kubernetes/components/strimzi/topics.yaml': kafkaTopics(settings),
  'kubernetes/overlays/version-2/topics.yaml': kafkaTopics(`${settings}\nFRESHET_VERSION=2\n`),
  'kubernetes/components/monitoring/rules.yaml': ruleResource(read('prometheus/rules.yaml')),
  ...Object.fromEntries(
    BOARDS.map((board) => [
      `grafana/dashboards/${board.name}.json`,
      `${JSON.stringify(buildDashboard(board), null, 2)}\n`,
    ]),
  ),
};

for (const [name, text] of Object.entries(made)) {
  const path = join(deploy, name);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`deploy/${name} is out of date: npm run deploy:generate`);
    process.exitCode = 1;
  }
}
