// The settings for TLS and SASL, against a broker that takes nothing else.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { readConfig } from '../../app/config.ts';
import { kafkaClientOptions } from '../../app/kafka.ts';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { fetchServers } from '../../deploy/local-stack/servers.ts';
import { type Logger, silentLogger, type TopicSpec } from '../../engine/api/index.ts';
import {
  createKafka,
  createKafkaLog,
  createTopics,
  KafkaAppender,
  type KafkaLogOptions,
  topicPlan,
} from '../../engine/kafka/index.ts';
import { taskAssignor } from '../../engine/runtime/index.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SPECS: readonly TopicSpec[] = [
  { name: 'clicks', partitions: 1, compacted: false, internal: false },
  { name: 'dead-letters', partitions: 1, compacted: false, internal: false },
];
const PASSWORD = 'correct horse';
const never = new AbortController().signal;

describe('Kafka over TLS and SASL', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let certificates: Certificates;

  before(async () => {
    certificates = makeCertificates('IP:127.0.0.1');
    const keystore = join(temporaryDirectory(), 'server.pem');
    writeFileSync(
      keystore,
      readFileSync(certificates.keyFile, 'utf8') + readFileSync(certificates.certificateFile, 'utf8'),
    );
    const login = (module: string, more = '') => `org.apache.kafka.common.security.${module} required${more};`;
    kafka = await kafkaServer(owner, {
      properties: {
        'listener.security.protocol.map': 'CLIENTS:SASL_SSL,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keystore,
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'listener.name.clients.plain.sasl.jaas.config': login('plain.PlainLoginModule', ` user_freshet="${PASSWORD}"`),
        'listener.name.clients.scram-sha-256.sasl.jaas.config': login('scram.ScramLoginModule'),
        'listener.name.clients.scram-sha-512.sasl.jaas.config': login('scram.ScramLoginModule'),
      },
    });
    const { kafka: jars } = await fetchServers();
    for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
      execFileSync(
        'java',
        ['-cp', join(jars, '*'), 'kafka.admin.ConfigCommand', '--bootstrap-server', kafka.directBootstrap, '--alter']
          .concat(['--add-config', `${mechanism}=[iterations=4096,password=${PASSWORD}]`])
          .concat(['--entity-type', 'users', '--entity-name', 'freshet']),
        { stdio: 'pipe' },
      );
  });

  function client(settings: { readonly [variable: string]: string }, logger: Logger = silentLogger) {
    const config = readConfig({
      FRESHET_KAFKA_BROKERS: kafka.bootstrap,
      FRESHET_KAFKA_TLS: 'on',
      FRESHET_KAFKA_TLS_CA: certificates.caFile,
      FRESHET_KAFKA_USERNAME: 'freshet',
      FRESHET_KAFKA_PASSWORD: PASSWORD,
      ...settings,
    });
    return kafkaClientOptions(config, logger);
  }

  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'])
    test(`topics, group, transactions and reads work with ${mechanism}`, async () => {
      const app = `app-${mechanism}`;
      const options: KafkaLogOptions = {
        client: client({ FRESHET_KAFKA_SASL: mechanism }),
        applicationId: app,
        topicName: ({ name }) => `${app}-${name}`,
        changelogTopic: `${app}-changelog`,
        deadLetterTopic: 'dead-letters',
        tasks: 1,
      };
      const admin = createKafka(options.client).admin();
      await admin.connect();
      await createTopics(admin, topicPlan(SPECS, options));
      await admin.disconnect();
      const log = createKafkaLog(options);
      const appender = new KafkaAppender({ client: options.client, topicName: (topic) => `${app}-${topic}` });
      try {
        await log.open(SPECS);
        const assigned = Promise.withResolvers<readonly number[]>();
        await log.join({
          assign: taskAssignor({ tasks: 1, standbyReplicas: 0 }),
          state: () => ({ instanceId: 'one', active: [], offsets: {} }),
          assigned: ({ active }) => active.length > 0 && assigned.resolve(active),
          failed: (error) => assigned.reject(error),
        });
        assert.deepEqual(await assigned.promise, [0]);
        const writer = await log.claim(0);
        await writer.commit([{ key: Buffer.from('k'), value: Buffer.from('v') }], []);
        await writer.close();
        const value = Buffer.from('seen');
        await appender.append([{ topic: 'clicks', key: 'k', value, timestampMs: 1 }]);
        let values: string[] = [];
        while (values.length === 0) {
          const [answer] = log.fetch([{ topic: 'clicks', partition: 0, offset: 0, maxRecords: 10 }]);
          values = answer!.records.map((record) => Buffer.from(record.value!).toString());
          if (values.length === 0) await log.appended(1_000, never);
        }
        assert.deepEqual(values, ['seen']);
      } finally {
        await appender.close();
        await log.close();
      }
    });

  test('a wrong password and an authority that is not known are told, and the password is not', async () => {
    const told: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (event, fields) => told.push(`${event} ${JSON.stringify(fields)}`),
    };
    const wrong = [
      { FRESHET_KAFKA_SASL: 'plain', FRESHET_KAFKA_PASSWORD: 'a wrong secret' },
      { FRESHET_KAFKA_SASL: 'scram-sha-512', FRESHET_KAFKA_PASSWORD: 'a wrong secret' },
      { FRESHET_KAFKA_SASL: 'plain', FRESHET_KAFKA_TLS_CA: makeCertificates('IP:127.0.0.1').caFile },
    ];
    for (const settings of wrong) {
      const admin = createKafka(client(settings, logger)).admin();
      await assert.rejects(admin.connect(), (error: Error) => {
        told.push(error.message);
        return /authentication|certificate|verify/i.test(error.message);
      });
      await admin.disconnect();
    }
    for (const text of told) assert.doesNotMatch(text, /secret|correct horse/);
  });
});
