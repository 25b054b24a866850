// A shared log in memory, with the faults of a real one under the test's control: commits that fail before or after they are in
// the log, owners that are fenced, members that freeze or die, records that arrive late. Offsets have holes where Kafka has the
// marks of transactions.

import { setImmediate } from 'node:timers/promises';
import {
  type ChangelogPart,
  type ChangelogRecord,
  EngineError,
  type Fetched,
  type FetchRequest,
  type GroupAssignment,
  type JoinOptions,
  type LogReader,
  type LogRecord,
  type Membership,
  type OffsetRange,
  PackedRecord,
  type ProducerRecord,
  partitionOf,
  type SharedLog,
  type TaskWriter,
  type TopicPartition,
  type TopicSpec,
} from '../../engine/api/index.ts';

interface Stored {
  readonly offset: number;
  readonly record: ProducerRecord | undefined;
  readonly change: ChangelogRecord | undefined;
  readonly appendTimeMs: number;
}

class Partition {
  entries: Stored[] = [];
  start = 0;
  end = 0;

  append(record: ProducerRecord | undefined, change: ChangelogRecord | undefined, appendTimeMs: number): void {
    this.entries.push({ offset: this.end, record, change, appendTimeMs });
    this.end += 1;
  }

  /** A mark of a transaction: an offset without a record. */
  mark(): void {
    this.end += 1;
  }

  from(offset: number): Stored[] {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return this.entries.slice(low);
  }
}

const CHANGELOG = ' changelog';

/** What all connections see: the brokers and the group's coordinator. */
export class SimulatedCluster {
  readonly topics = new Map<string, Partition[]>();
  readonly epochs = new Map<number, number>();
  readonly connections = new Set<SimulatedLog>();
  nowMs = 1_700_000_000_000;
  tombstoneRetentionMs = 86_400_000;
  generation = 0;
  /** Hears which offsets a member tells the group. */
  told: (positions: readonly (TopicPartition & { readonly offset: number })[]) => void = () => {};

  partition(topic: string, partition: number): Partition {
    const found = this.topics.get(topic)?.[partition];
    if (found === undefined) throw new EngineError('TOPIC_UNKNOWN', `there is no ${topic}-${partition}`);
    return found;
  }

  create(topics: readonly TopicSpec[], tasks: number): void {
    for (const { name, partitions } of [...topics, { name: CHANGELOG, partitions: tasks }])
      if (!this.topics.has(name))
        this.topics.set(
          name,
          Array.from({ length: partitions }, () => new Partition()),
        );
  }

  addPartition(topic: string): void {
    this.topics.get(topic)!.push(new Partition());
  }

  changelog(taskId: number): Partition {
    return this.partition(CHANGELOG, taskId);
  }

  append(records: readonly ProducerRecord[]): void {
    for (const record of records) {
      const partitions = this.topics.get(record.topic)!;
      const partition = record.partition ?? partitionOf(record.key ?? '', partitions.length);
      partitions[partition]!.append(record, undefined, this.nowMs);
    }
    this.wake();
  }

  /** Compacts a task's changelog: of each key the newest record stays, deletions go too when told so. */
  compact(taskId: number, dropsTombstones: boolean): void {
    const changelog = this.changelog(taskId);
    const newest = new Map<string, number>();
    for (const { offset, change } of changelog.entries) newest.set(Buffer.from(change!.key).toString('hex'), offset);
    changelog.entries = changelog.entries.filter(
      ({ offset, change }) =>
        newest.get(Buffer.from(change!.key).toString('hex')) === offset && !(dropsTombstones && change!.value === null),
    );
  }

  connect(): SimulatedLog {
    return new SimulatedLog(this);
  }

  /** Gives every member that the coordinator knows its assignment. */
  rebalance(): void {
    this.generation += 1;
    const members = [...this.connections].filter(({ seat }) => seat !== undefined);
    const [first] = members;
    if (first === undefined) return;
    const assignments = first.seat!.assign(members.map(({ memberId, seat }) => ({ memberId, ...seat!.state() })));
    for (const { memberId, isFrozen, seat } of members)
      if (!isFrozen) seat!.assigned(assignments.get(memberId) ?? { active: [], standby: [] });
  }

  wake(): void {
    for (const connection of this.connections) connection.wake();
  }
}

let members = 0;

class Reader implements LogReader {
  readonly #cluster: SimulatedCluster;
  readonly #wakers = new Set<() => void>();
  /** Partitions that have answered: before that a reader knows nothing of them. */
  readonly #known = new Set<string>();
  /** Whether the next fetch of a partition answers with nothing, as when its records are still on their way. */
  isLate: () => boolean = () => false;
  isDead = false;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  fetch(requests: readonly FetchRequest[]): Fetched[] {
    if (this.isDead) throw new Error('this process is dead');
    return requests.map(({ topic, partition, offset, maxRecords }) => {
      const place = this.#cluster.partition(topic, partition);
      if (offset < place.start || offset > place.end)
        throw new EngineError('OFFSET_OUT_OF_RANGE', `${topic}-${partition} has ${place.start} to ${place.end}`);
      if (this.isLate() || maxRecords <= 0) return { records: [], next: offset };
      this.#known.add(`${topic}/${partition}`);
      const taken = place.from(offset).slice(0, maxRecords);
      const records = taken.map(
        ({ offset: at, record, appendTimeMs }): LogRecord => ({
          topic,
          partition,
          offset: at,
          key: record!.key,
          value: record!.value,
          timestampMs: record!.timestampMs,
          appendTimeMs,
          headers: record!.headers,
        }),
      );
      return { records, next: taken.length === maxRecords ? taken.at(-1)!.offset + 1 : place.end };
    });
  }

  /** Whether `offsets` says what is true. */
  knows({ topic, partition }: TopicPartition): boolean {
    return this.#known.has(`${topic}/${partition}`);
  }

  offsets({ topic, partition }: TopicPartition): OffsetRange {
    if (!this.knows({ topic, partition })) return { start: 0, end: 0 };
    const { start, end } = this.#cluster.partition(topic, partition);
    return { start, end };
  }

  appended(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.isDead) return new Promise(() => {});
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(timeoutMs, 5));
      this.#wakers.add(done);
      signal.addEventListener('abort', done);
    });
  }

  wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }
}

/** What happens to a commit: `lost` fails before, `unacknowledged` after it is in the log; both leave the writer dead. */
export type CommitFate = 'committed' | 'lost' | 'unacknowledged';

/** One process's connection. */
export class SimulatedLog extends Reader implements SharedLog {
  readonly tables: Reader;
  readonly memberId = `member-${++members}`;
  readonly #cluster: SimulatedCluster;
  /** Decides over each commit. */
  fateOf: (taskId: number) => CommitFate = () => 'committed';
  /** A process that does not run: nothing reaches it, and what it has begun hangs. */
  isFrozen = false;
  seat: JoinOptions | undefined;
  #thaw: (() => void)[] = [];
  heartbeatMs = performance.now();
  /** Commits that were begun and have neither succeeded nor failed. */
  commitsUnderWay = 0;

  constructor(cluster: SimulatedCluster) {
    super(cluster);
    this.#cluster = cluster;
    this.tables = new Reader(cluster);
    cluster.connections.add(this);
  }

  override wake(): void {
    super.wake();
    this.tables?.wake();
  }

  get tombstoneRetentionMs(): number {
    return this.#cluster.tombstoneRetentionMs;
  }

  async open(topics: readonly TopicSpec[]): Promise<void> {
    this.#cluster.create(topics, topics[0]!.partitions);
  }

  partitions(topic: string): number {
    return this.#cluster.topics.get(topic)!.length;
  }

  /** Some turns of the event loop, or until the process runs again. */
  async #turn(): Promise<void> {
    await setImmediate();
    while (this.isFrozen) await new Promise<void>((resolve) => this.#thaw.push(resolve));
  }

  freeze(): void {
    this.isFrozen = true;
  }

  /** Runs again. As a member whose session has ended it joins anew. */
  thaw(): void {
    this.isFrozen = false;
    for (const resume of this.#thaw.splice(0)) resume();
  }

  async join(options: JoinOptions): Promise<Membership> {
    this.seat = options;
    this.#cluster.rebalance();
    const { heartbeatMs } = this;
    const self = this;
    return {
      get heartbeatAgeMs() {
        // The coordinator confirms whoever has a seat.
        return self.seat === undefined ? performance.now() - heartbeatMs : 0;
      },
      commitOffsets: async (positions) => this.#cluster.told(positions),
      leave: async () => void this.loseSeat(),
    };
  }

  /** The coordinator forgets the member; it is not told. */
  loseSeat(): JoinOptions | undefined {
    const { seat } = this;
    this.seat = undefined;
    this.#cluster.rebalance();
    return seat;
  }

  /** A member that the coordinator has forgotten learns of it, and joins anew. */
  rejoin(seat: JoinOptions): void {
    seat.assigned({ active: [], standby: [] });
    this.seat = seat;
    this.#cluster.rebalance();
  }

  /** The process is gone: nothing that it does counts from now on, and what it waits for never comes. */
  kill(): void {
    this.freeze();
    this.isDead = true;
    this.tables.isDead = true;
    this.#cluster.connections.delete(this);
    this.seat = undefined;
    this.#cluster.rebalance();
  }

  async claim(taskId: number): Promise<TaskWriter> {
    await this.#turn();
    const epoch = (this.#cluster.epochs.get(taskId) ?? 0) + 1;
    this.#cluster.epochs.set(taskId, epoch);
    let isDead = false;
    const commit = async (changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]) => {
      if (isDead) throw new Error('a dead writer was used');
      await this.#turn();
      if (this.#cluster.epochs.get(taskId) !== epoch) {
        isDead = true;
        throw new EngineError('TASK_FENCED', `task ${taskId} has another owner`);
      }
      const fate = this.fateOf(taskId);
      if (fate !== 'lost') this.#append(taskId, changelog, records);
      const { end } = this.#cluster.changelog(taskId);
      await this.#turn();
      if (fate === 'committed') return end;
      isDead = true;
      throw new EngineError('COMMIT_UNCERTAIN', 'the answer was lost');
    };
    return {
      isUnsettled: false,
      commit: (changelog, records) => {
        this.commitsUnderWay += 1;
        return commit(changelog, records).finally(() => {
          this.commitsUnderWay -= 1;
        });
      },
      close: async () => {
        isDead = true;
      },
    };
  }

  #append(taskId: number, changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]): void {
    const own = this.#cluster.changelog(taskId);
    for (const change of changelog) own.append(undefined, change, this.#cluster.nowMs);
    own.mark();
    this.#cluster.append(records);
    for (const topic of new Set(records.map((record) => record.topic)))
      for (const partition of this.#cluster.topics.get(topic)!) partition.mark();
    this.#cluster.wake();
  }

  async ranges(places: readonly TopicPartition[]): Promise<OffsetRange[]> {
    await this.#turn();
    return places.map(({ topic, partition }) => {
      const { start, end } = this.#cluster.partition(topic, partition);
      return { start, end };
    });
  }

  changelogRange(taskId: number): Promise<OffsetRange> {
    return this.ranges([{ topic: CHANGELOG, partition: taskId }]).then(([range]) => range!);
  }

  fetchChangelog(taskId: number, offset: number, maxRecords: number): ChangelogPart {
    const place = this.#cluster.changelog(taskId);
    if (offset < place.start || offset > place.end)
      throw new EngineError('OFFSET_OUT_OF_RANGE', `the changelog has ${place.start} to ${place.end}`);
    if (this.isLate()) return { records: [], next: offset };
    const taken = place.from(offset).slice(0, maxRecords);
    const next = taken.length === maxRecords ? taken.at(-1)!.offset + 1 : place.end;
    return { records: taken.map(({ change }) => PackedRecord.of(change!)), next };
  }

  forget(): void {}
  release(): void {}
  async close(): Promise<void> {
    this.#cluster.connections.delete(this);
  }
}

/** Every active task has exactly one owner among these assignments. */
export function isPartition(assignments: Iterable<GroupAssignment>, tasks: number): boolean {
  const owners = [...assignments].flatMap(({ active }) => active).sort((a, b) => a - b);
  return owners.length === tasks && owners.every((taskId, index) => taskId === index);
}
