// Writes what deploy/ has from the code: Strimzi's topics from the plan of topics. With --check it fails when a file says anything else.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaTopics } from '../deploy/kubernetes/kafka-topics.ts';

const deploy = join(import.meta.dirname, '..', 'deploy');

const made: Readonly<Record<string, string>> = {
  'kubernetes/components/strimzi/topics.yaml': kafkaTopics(
    readFileSync(join(deploy, 'kubernetes/base/settings.env'), 'utf8'),
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
