// What members of the group write to each other through the coordinator: Kafka's own consumer protocol, so that its tools show
// who has which partition, with a member's state as JSON in the field that the protocol leaves to its users.

import kafkajs from 'kafkajs';
import type { GroupAssignment, MemberState } from '../api/index.ts';

const { AssignerProtocol } = kafkajs;
const VERSION = 0;

/** The topics whose partitions stand for tasks: physical names. */
export interface GroupTopics {
  /** Every partitioned topic that tasks read: partition p is task p. At least one. */
  readonly sources: readonly string[];
  readonly changelog: string;
}

/** A member's subscription, with its state. */
export function encodeMetadata(topics: GroupTopics, state: MemberState): Buffer {
  const { instanceId, active, offsets } = state;
  const userData = Buffer.from(JSON.stringify({ instanceId, active, offsets }));
  return AssignerProtocol.MemberMetadata.encode({
    version: VERSION,
    topics: [...topics.sources, topics.changelog],
    userData,
  });
}

/** The state of the member `memberId`. One that cannot be read, of another version of the engine, counts as a new instance. */
export function decodeMetadata(memberId: string, metadata: Buffer): MemberState {
  const unknown = { instanceId: memberId, active: [], offsets: {} };
  let state: unknown;
  try {
    const userData = AssignerProtocol.MemberMetadata.decode(metadata)?.userData;
    state = JSON.parse(userData?.toString('utf8') ?? '');
  } catch {
    return unknown;
  }
  if (typeof state !== 'object' || state === null) return unknown;
  const { instanceId, active, offsets } = state as { [name: string]: unknown };
  if (typeof instanceId !== 'string' || typeof offsets !== 'object' || offsets === null) return unknown;
  if (!Array.isArray(active) || !active.every((task) => Number.isSafeInteger(task))) return unknown;
  if (!Object.values(offsets).every((offset) => Number.isSafeInteger(offset))) return unknown;
  return { instanceId, active, offsets: offsets as MemberState['offsets'] };
}

/** The instance that a member of the group belongs to, by its metadata as the brokers keep it. */
export const instanceOfMember = (memberId: string, metadata: Buffer): string =>
  decodeMetadata(memberId, metadata).instanceId;

/** Active tasks as partitions of the sources, standby tasks as partitions of the changelog. */
export function encodeAssignment(topics: GroupTopics, assignment: GroupAssignment): Buffer {
  const partitions: { [topic: string]: number[] } = {};
  if (assignment.active.length > 0) for (const topic of topics.sources) partitions[topic] = [...assignment.active];
  if (assignment.standby.length > 0) partitions[topics.changelog] = [...assignment.standby];
  return AssignerProtocol.MemberAssignment.encode({
    version: VERSION,
    assignment: partitions,
    userData: Buffer.alloc(0),
  });
}

/** What {@link encodeAssignment} wrote. */
export function decodeAssignment(topics: GroupTopics, bytes: Buffer): GroupAssignment {
  const assignment = AssignerProtocol.MemberAssignment.decode(bytes)?.assignment ?? {};
  return { active: assignment[topics.sources[0]!] ?? [], standby: assignment[topics.changelog] ?? [] };
}
