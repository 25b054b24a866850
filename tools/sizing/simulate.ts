// What can be simulated of a large installation, with the code that it would run: which partition a key goes to (murmur2), which instance gets a
// task (the assignor), which Redis shard keeps a list (CRC16 hash slots). Pure; the same input gives the same figures.

import { type AssignTasks, type GroupMember, partitionOf } from '../../engine/api/index.ts';
import { taskAssignor } from '../../engine/runtime/index.ts';
import { listKey } from '../../lists/index.ts';
import { slotOf } from '../../lists/redis-slot.ts';
import { zipfShares } from './zipf.ts';

const SLOTS = 16_384;

/** How unevenly a load falls on its places. */
export interface Skew {
  /** Load of the place with the most, in means. */
  readonly largest: number;
  readonly smallest: number;
}

function skewOf(loads: Float64Array): Skew {
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  return { largest: Math.max(...loads) / mean, smallest: Math.min(...loads) / mean };
}

/** Events by partition, when visitors differ in zeal after Zipf. */
export function partitionSkew(options: {
  readonly visitors: number;
  readonly exponent: number;
  readonly partitions: number;
}): Skew {
  const shares = zipfShares(options.visitors, options.exponent);
  const loads = new Float64Array(options.partitions);
  for (let visitor = 0; visitor < shares.length; visitor++)
    loads[partitionOf(visitorId(visitor), options.partitions)]! += shares[visitor]!;
  return skewOf(loads);
}

/** Stored lists, and reads of them, by Redis shard. Each shard has as many neighbouring slots as any other. */
export function shardSkew(options: { readonly visitors: number; readonly exponent: number; readonly shards: number }): {
  readonly stored: Skew;
  readonly read: Skew;
} {
  const { visitors, shards } = options;
  const shares = zipfShares(visitors, options.exponent);
  const stored = new Float64Array(shards);
  const read = new Float64Array(shards);
  for (let visitor = 0; visitor < visitors; visitor++) {
    const key = `freshet:shop:${listKey('visitor', 'for-you', 'default', visitorId(visitor))}`;
    const shard = Math.floor((slotOf(key) * shards) / SLOTS);
    stored[shard]! += 1;
    read[shard]! += shares[visitor]!;
  }
  return { stored: skewOf(stored), read: skewOf(read) };
}

const visitorId = (number: number): string => `visitor-${number.toString(36)}`;

/** What a change of the instances moves. */
export interface Rebalance {
  readonly event: string;
  /** Tasks that run on another instance than before. */
  readonly moved: number;
  /** Of these, tasks that the new owner had no copy of: they are restored from the changelog. */
  readonly restored: number;
  /** The fewest that have to move. */
  readonly least: number;
}

/**
 * A group of instances through its life: one is killed, comes back, another is added, each is restarted in turn. Instances have the state on
 * disk of all tasks that they ran or stood by for, as far as they are not new.
 */
export function rebalances(options: {
  readonly tasks: number;
  readonly instances: number;
  readonly standbyReplicas: number;
}): readonly Rebalance[] {
  const { tasks, instances, standbyReplicas } = options;
  const group = new Group(tasks, standbyReplicas);
  for (let i = 0; i < instances; i++) group.join(`i${i}`);
  group.assign();
  const found: Rebalance[] = [];
  const note = (event: string): void => void found.push({ event, ...group.assign() });
  group.leave('i1');
  note('an instance is killed');
  group.join('i1');
  note('it comes back with its disk');
  group.join(`i${instances}`);
  note('an instance is added');
  group.leave(`i${instances}`);
  note('it is taken away again');
  let [moved, restored, least] = [0, 0, 0];
  for (let i = 0; i < instances; i++) {
    group.leave(`i${i}`);
    const gone = group.assign();
    group.join(`i${i}`);
    const back = group.assign();
    moved += gone.moved + back.moved;
    restored += gone.restored + back.restored;
    least += gone.least + back.least;
  }
  found.push({ event: 'each is restarted in turn, away for longer than the session', moved, restored, least });
  return found;
}

/** The members of a group and what each has on its disk. */
class Group {
  readonly #tasks: number;
  readonly #assign: AssignTasks;
  readonly #members = new Set<string>();
  /** By instance, how far its disk follows each task's changelog. */
  readonly #disks = new Map<string, Map<number, number>>();
  #owners: (string | undefined)[];
  #round = 0;

  constructor(tasks: number, standbyReplicas: number) {
    this.#tasks = tasks;
    this.#assign = taskAssignor({ tasks, standbyReplicas });
    this.#owners = new Array<string | undefined>(tasks).fill(undefined);
  }

  join(instanceId: string): void {
    this.#members.add(instanceId);
  }

  leave(instanceId: string): void {
    this.#members.delete(instanceId);
  }

  assign(): Omit<Rebalance, 'event'> {
    this.#round += 1;
    const members = [...this.#members].map((instanceId): GroupMember => {
      const active = this.#owners.flatMap((owner, task) => (owner === instanceId ? [task] : []));
      const offsets = Object.fromEntries(this.#disks.get(instanceId) ?? []);
      return { memberId: instanceId, instanceId, active, offsets };
    });
    const assignment = this.#assign(members);
    const before = this.#owners;
    const share = Math.floor(this.#tasks / members.length);
    // Those without an owner, and as many as make every share whole.
    const orphans = this.#tasks - members.reduce((sum, { active }) => sum + active.length, 0);
    const wanted = members.reduce((sum, { active }) => sum + Math.max(0, share - active.length), 0);
    const least = Math.max(orphans, wanted);
    this.#owners = new Array<string | undefined>(this.#tasks).fill(undefined);
    let moved = 0;
    let restored = 0;
    for (const [instanceId, { active, standby }] of assignment) {
      const disk = this.#disks.get(instanceId) ?? new Map<number, number>();
      this.#disks.set(instanceId, disk);
      for (const task of active) {
        this.#owners[task] = instanceId;
        if (before[task] !== instanceId) {
          moved += 1;
          restored += disk.has(task) ? 0 : 1;
        }
      }
      // Everybody who follows a task is at its changelog's end.
      for (const task of [...active, ...standby]) disk.set(task, 1_000 * this.#round);
    }
    return { moved, restored, least };
  }
}
