// Events of visitors as they are sent, with a memory: how much has gone to each topic, and each visitor's last event, which every list of
// the visitor must know in the end.

import type { Config } from '../app/config.ts';
import { kafkaClientOptions, sourceTopicName } from '../app/kafka.ts';
import { producerRecord } from '../app/producer-record.ts';
import { openRegistry } from '../app/registry.ts';
import { silentLogger, systemClock } from '../engine/api/index.ts';
import { KafkaAppender } from '../engine/kafka/index.ts';
import { type Click, createSerdes, type RegistrySchemaSource, type SourceSerdes } from '../schemas/index.ts';
import type { SimulatedEvent } from '../tools/simulator/index.ts';

/** Topics whose records visitors make. */
const VISITOR_TOPICS: ReadonlySet<string> = new Set(['clicks', 'purchases', 'impressions', 'visitors', 'privacy']);
/** Time for the registry to answer. */
const LONGEST_OPEN_MS = 30_000;

export class EventSender {
  /** Records by topic, of the topics that visitors write. */
  readonly sent = new Map<string, number>([...VISITOR_TOPICS].map((topic) => [topic, 0]));
  /** The last event that a list tells of, of each visitor who has a list for certain. */
  readonly lastEvents = new Map<string, string>();
  /** Visitors who have viewed an item: the others have nothing that a list could be made from. */
  readonly #viewers = new Set<string>();
  /** Visitors who may dislike an item, which may be all that they have looked at. */
  readonly #judges = new Set<string>();
  readonly #appender: KafkaAppender;
  readonly #schemas: RegistrySchemaSource;
  readonly #serdes: SourceSerdes;

  private constructor(config: Config, schemas: RegistrySchemaSource) {
    this.#schemas = schemas;
    this.#serdes = createSerdes(schemas);
    this.#appender = new KafkaAppender({
      client: kafkaClientOptions(config, silentLogger),
      topicName: (topic) => sourceTopicName(config, topic),
    });
  }

  static async open(config: Config): Promise<EventSender> {
    const signal = AbortSignal.timeout(LONGEST_OPEN_MS);
    return new EventSender(config, await openRegistry(config, systemClock, silentLogger, signal));
  }

  /** Events of visitors. */
  get total(): number {
    let total = 0;
    for (const count of this.sent.values()) total += count;
    return total;
  }

  async close(): Promise<void> {
    await this.#appender.close();
    this.#schemas.close();
  }

  async send(batch: readonly SimulatedEvent[]): Promise<void> {
    await this.#appender.append(
      batch.map(({ topic, key, value, at }) => producerRecord(this.#serdes, topic, key, value, at)),
    );
    for (const event of batch) {
      const { topic, key, value } = event;
      if (!VISITOR_TOPICS.has(topic)) continue;
      this.sent.set(topic, this.sent.get(topic)! + 1);
      if (topic === 'clicks') this.#note(value as Click);
      if (this.isTold(event)) this.lastEvents.set(key, value!.eventId);
    }
  }

  #note({ visitorId, kind }: Click): void {
    if (kind === 'view') this.#viewers.add(visitorId);
    if (kind !== 'dislike' && kind !== 'rate') return;
    this.#judges.add(visitorId);
    this.lastEvents.delete(visitorId);
  }

  /** Whether a list of its visitor tells of it. Impressions change nothing. */
  isTold({ topic, key, value }: SimulatedEvent): boolean {
    if (!VISITOR_TOPICS.has(topic) || topic === 'impressions' || value === null) return false;
    return this.#viewers.has(key) && !this.#judges.has(key);
  }
}
