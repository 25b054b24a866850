// A seat in a consumer group, for its membership alone: the reader fetches, so no fetch is in the way of a heartbeat. Kafka's
// classic group protocol: join, the leader assigns, sync, then heartbeats until one is answered with a rebalance.
//
//   CONNECTING -> JOINING -> MEMBER -> JOINING ...          any -> LEFT (leave) or FAILED (no retry can help)
//      ^             |         |
//      '-------------'---------'  the coordinator has moved or is away: the seat is kept and asked for again
//
// Tasks go on through a rebalance and while the coordinator is away; what stops a former owner is its writer's fence. Only a
// coordinator that no longer knows the member takes its tasks away (assigned with none) before it joins anew.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EngineError,
  type GroupAssignment,
  type JoinOptions,
  type Logger,
  type Membership,
  type TopicPartition,
} from '../api/index.ts';
import { BrokerRequests, protocolErrorOf } from './broker-requests.ts';
import type { KafkaClientOptions } from './client.ts';
import {
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
  type GroupTopics,
} from './group-protocol.ts';
import { isPermanent, pauseMs } from './retry.ts';

export interface MembershipOptions {
  readonly client: KafkaClientOptions;
  /** Name of the group: the application's. */
  readonly groupId: string;
  readonly topics: GroupTopics;
  /** Physical name of a topic of `commitOffsets`. */
  topicName(topic: string): string;
  readonly join: JoinOptions;
  /** A member that is silent for so long has left, ms. Brokers allow 6 s to 30 min. */
  readonly sessionTimeoutMs: number;
  /** How long a rebalance waits for the members to join, ms. */
  readonly rebalanceTimeoutMs: number;
  /** A rebalance is noticed after so long at most, ms. */
  readonly heartbeatIntervalMs: number;
}

/** Name of the assignor in the group protocol: members with another one are refused by the coordinator. */
const PROTOCOL = 'freshet';
/** Offsets are committed to show a lag: a commit that takes longer is left out, ms. */
const OFFSET_COMMIT_TIMEOUT_MS = 5000;
const LEAVE_TIMEOUT_MS = 4000;
const NOTHING: GroupAssignment = { active: [], standby: [] };

type Status = 'CONNECTING' | 'JOINING' | 'MEMBER' | 'LEFT' | 'FAILED';

/** Joins the group and stays in it until `leave`, through whatever happens to the brokers. */
export function joinGroup(options: MembershipOptions): GroupMembership {
  return new GroupMembership(options);
}

export class GroupMembership implements Membership {
  readonly #options: MembershipOptions;
  readonly #logger: Logger;
  readonly #requests: BrokerRequests;
  readonly #stop = new AbortController();
  #status: Status = 'CONNECTING';
  #coordinator: number | undefined;
  #memberId = '';
  #generation = -1;
  #heardMs = performance.now();
  /** An outage is logged once. */
  #isAway = false;
  #failedOffsetCommits = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#logger = options.client.logger;
    // A heartbeat that gets no answer must be given up while there is time for another.
    const requestTimeoutMs = Math.min(options.client.requestTimeoutMs, Math.ceil(options.sessionTimeoutMs / 3));
    this.#requests = new BrokerRequests({ ...options.client, requestTimeoutMs });
    void this.#run();
  }

  get heartbeatAgeMs(): number {
    return performance.now() - this.#heardMs;
  }

  /** Commits of offsets that did not reach the coordinator. */
  get failedOffsetCommits(): number {
    return this.#failedOffsetCommits;
  }

  async commitOffsets(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    if (this.#status !== 'MEMBER' || this.#coordinator === undefined || positions.length === 0) return;
    const topics = [...Map.groupBy(positions, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic: this.#options.topicName(topic),
      partitions: ofTopic.map(({ partition, offset }) => ({ partition, offset: String(offset), metadata: null })),
    }));
    const args = { ...this.#member(), groupGenerationId: this.#generation, topics };
    try {
      await this.#requests.send(this.#coordinator, 'OffsetCommit', args, OFFSET_COMMIT_TIMEOUT_MS);
    } catch {
      this.#failedOffsetCommits += 1;
    }
  }

  async leave(): Promise<void> {
    if (this.#status === 'LEFT') return;
    const wasMember = this.#status === 'MEMBER';
    this.#status = this.#status === 'FAILED' ? 'FAILED' : 'LEFT';
    this.#stop.abort();
    if (this.#memberId !== '') await this.#sayGoodbye(wasMember);
    await this.#requests.disconnect();
  }

  /** A join that waits in the broker holds up its connection, so a member in the middle of one says it on another. */
  async #sayGoodbye(onOwnConnection: boolean): Promise<void> {
    const args = this.#member();
    const requests = onOwnConnection ? this.#requests : new BrokerRequests(this.#options.client);
    const leaving = async (): Promise<void> => {
      await requests.connect([]);
      const coordinator = this.#coordinator ?? (await requests.coordinator('group', args.groupId));
      await requests.send(coordinator, 'LeaveGroup', args, LEAVE_TIMEOUT_MS);
    };
    const timeout = new AbortController();
    try {
      await Promise.race([leaving(), sleep(LEAVE_TIMEOUT_MS, undefined, { signal: timeout.signal })]);
    } catch (error) {
      this.#logger.warn('group.leave-failed', { error: textOf(error) });
    } finally {
      timeout.abort();
      if (!onOwnConnection) await requests.disconnect();
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      try {
        if (this.#coordinator === undefined) await this.#connect();
        if (this.#status === 'JOINING') await this.#join();
        failures = 0;
        await this.#beat();
      } catch (error) {
        if (this.#stopped) return;
        if (isPermanent(error)) return this.#fail(error);
        if (!this.#react(error)) {
          failures += 1;
          if (!this.#isAway) this.#logger.warn('group.coordinator-away', { error: textOf(error) });
          this.#isAway = true;
          await this.#requests.disconnect();
        }
        if (failures > 0) await sleep(pauseMs(failures), undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  get #stopped(): boolean {
    return this.#status === 'LEFT' || this.#status === 'FAILED';
  }

  async #connect(): Promise<void> {
    await this.#requests.connect([]);
    this.#coordinator = await this.#requests.coordinator('group', this.#options.groupId);
    // One that was a member before the connection was lost asks with a heartbeat whether it still is.
    if (this.#status === 'CONNECTING') this.#status = this.#generation === -1 ? 'JOINING' : 'MEMBER';
  }

  async #join(): Promise<void> {
    const { join, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const coordinator = this.#coordinator!;
    const metadata = encodeMetadata(topics, join.state());
    // The broker answers when all members have joined.
    const joined = await this.#requests.send(
      coordinator,
      'JoinGroup',
      {
        ...this.#member(),
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: rebalanceTimeoutMs,
        protocolType: 'consumer',
        groupProtocols: [{ name: PROTOCOL, metadata }],
      },
      rebalanceTimeoutMs + sessionTimeoutMs,
    );
    if (this.#stopped) return;
    this.#memberId = joined.memberId;
    this.#generation = joined.generationId;
    this.#heardMs = performance.now();
    const groupAssignment = joined.leaderId === joined.memberId ? this.#assign(joined.members) : [];
    const synced = await this.#requests.send(
      coordinator,
      'SyncGroup',
      { ...this.#member(), generationId: joined.generationId, groupAssignment },
      rebalanceTimeoutMs,
    );
    if (this.#stopped) return;
    this.#heardMs = performance.now();
    this.#status = 'MEMBER';
    const assignment = decodeAssignment(topics, synced.memberAssignment);
    this.#logger.info('group.joined', {
      generation: joined.generationId,
      leader: joined.leaderId === joined.memberId,
      active: assignment.active.length,
      standby: assignment.standby.length,
    });
    join.assigned(assignment);
  }

  #assign(
    members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[],
  ): { readonly memberId: string; readonly memberAssignment: Buffer }[] {
    const { join, topics } = this.#options;
    const states = members.map(({ memberId, memberMetadata }) => ({
      memberId,
      ...decodeMetadata(memberId, memberMetadata),
    }));
    let assignments: ReadonlyMap<string, GroupAssignment>;
    try {
      assignments = join.assign(states);
    } catch (cause) {
      throw new EngineError('MEMBERSHIP_FAILED', `the tasks cannot be assigned: ${textOf(cause)}`, { cause });
    }
    return members.map(({ memberId }) => ({
      memberId,
      memberAssignment: encodeAssignment(topics, assignments.get(memberId) ?? NOTHING),
    }));
  }

  /** Heartbeats until one fails: a rebalance is such a failure. */
  async #beat(): Promise<void> {
    const { heartbeatIntervalMs } = this.#options;
    while (!this.#stopped) {
      await sleep(heartbeatIntervalMs, undefined, { signal: this.#stop.signal });
      await this.#requests.send(this.#coordinator!, 'Heartbeat', {
        ...this.#member(),
        groupGenerationId: this.#generation,
      });
      this.#heardMs = performance.now();
      this.#isAway = false;
    }
  }

  /** What an answer of the coordinator means for the seat. False where nothing but another attempt helps. */
  #react(error: unknown): boolean {
    switch (errorTypeOf(error)) {
      case 'REBALANCE_IN_PROGRESS':
        this.#heardMs = performance.now();
        this.#status = 'JOINING';
        return true;
      case 'MEMBER_ID_REQUIRED':
        this.#memberId = (error as { readonly memberId?: string }).memberId ?? '';
        return true;
      case 'UNKNOWN_MEMBER_ID':
        this.#memberId = '';
        this.#lost();
        return true;
      case 'ILLEGAL_GENERATION':
        this.#lost();
        return true;
      default:
        this.#coordinator = undefined;
        if (this.#status === 'MEMBER') this.#status = 'CONNECTING';
        return false;
    }
  }

  /** The group has gone on without us. */
  #lost(): void {
    const wasMember = this.#generation !== -1;
    this.#generation = -1;
    this.#status = 'JOINING';
    if (!wasMember) return;
    this.#logger.warn('group.membership-lost');
    this.#options.join.assigned(NOTHING);
  }

  #fail(error: unknown): void {
    this.#status = 'FAILED';
    const hint =
      protocolErrorOf(error) === 'INCONSISTENT_GROUP_PROTOCOL' ? ` (the group is used by another application)` : '';
    this.#options.join.failed(
      new EngineError('MEMBERSHIP_FAILED', `group ${this.#options.groupId}: ${textOf(error)}${hint}`, { cause: error }),
    );
    void this.#requests.disconnect();
  }

  #member(): { readonly groupId: string; readonly memberId: string } {
    return { groupId: this.#options.groupId, memberId: this.#memberId };
  }
}

function errorTypeOf(error: unknown): string | undefined {
  // kafkajs has a class of its own for this one.
  if (error instanceof Error && error.name === 'KafkaJSMemberIdRequired') return 'MEMBER_ID_REQUIRED';
  return protocolErrorOf(error);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
