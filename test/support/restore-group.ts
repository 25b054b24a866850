// What a group of instances did, for those who want to know whether it was allowed: every assignment, and every commit with its place
// in the changelog.

import assert from 'node:assert/strict';
import type { AssignTasks, GroupAssignment, GroupMember, SharedLog } from '../../engine/api/index.ts';
import { taskAssignor } from '../../engine/runtime/index.ts';
import type { Application } from './restore-application.ts';

interface Generation {
  /** By instance id. */
  readonly assignments: ReadonlyMap<string, GroupAssignment>;
  /** What the members said that they ran, by instance id. */
  readonly held: ReadonlyMap<string, readonly number[]>;
}

export class GroupNotes {
  readonly generations: Generation[] = [];
  readonly #commits: { readonly taskId: number; readonly instanceId: string; readonly next: number }[] = [];
  readonly #assign: AssignTasks;

  constructor(tasks: number, standbyReplicas = 0) {
    this.#assign = taskAssignor({ tasks, standbyReplicas });
  }

  /** The assignor that every instance uses: the group's leader calls it once in a generation. */
  readonly assign = (members: readonly GroupMember[]): ReadonlyMap<string, GroupAssignment> => {
    const assigned = this.#assign(members);
    this.generations.push({
      assignments: new Map(members.map(({ instanceId, memberId }) => [instanceId, assigned.get(memberId)!])),
      held: new Map(members.map(({ instanceId, active }) => [instanceId, active])),
    });
    return assigned;
  };

  /** Has the commits of an instance noted. */
  watch(instanceId: string, log: SharedLog): void {
    const claim = log.claim.bind(log);
    log.claim = async (taskId) => {
      const writer = await claim(taskId);
      return {
        get isUnsettled() {
          return writer.isUnsettled;
        },
        commit: async (changelog, records) => {
          const next = await writer.commit(changelog, records);
          this.#commits.push({ taskId, instanceId, next });
          return next;
        },
        close: () => writer.close(),
      };
    };
  }

  /** In every generation each task is one member's. */
  assertDisjoint(tasks: number): void {
    for (const { assignments } of this.generations) {
      const active = [...assignments.values()].flatMap((assignment) => assignment.active);
      assert.deepEqual(
        active.sort((a, b) => a - b),
        Array.from({ length: tasks }, (_, task) => task),
      );
    }
  }

  /** For each generation, the tasks that were taken from a member that ran them, and the fewest that a fair share takes. */
  moves(tasks: number): readonly { readonly moved: number; readonly least: number }[] {
    return this.generations.map(({ assignments, held }) => {
      let moved = 0;
      let least = 0;
      const share = Math.floor(tasks / assignments.size);
      let larger = tasks % assignments.size;
      for (const [instanceId, had] of held) {
        const has = assignments.get(instanceId)!.active;
        moved += had.filter((task) => !has.includes(task)).length;
        const keeps = had.length > share && larger > 0 ? share + 1 : share;
        if (keeps > share) larger -= 1;
        least += Math.max(0, had.length - keeps);
      }
      return { moved, least };
    });
  }

  /**
   * No two instances wrote a task at a time: by the broker's own files an owner's number (its epoch) never comes back after a later
   * one, and all commits under one number are one instance's.
   *
   * @returns how many owners there were.
   */
  assertOneWriter(application: Application): number {
    let owners = 0;
    for (let task = 0; task < application.tasks; task++) {
      const batches = application.storedBatches(task);
      let last = batches[0];
      const writers = new Map<string, Set<string>>();
      for (const batch of batches) {
        assert.equal(batch.producerId, last!.producerId);
        assert.ok(
          batch.producerEpoch >= last!.producerEpoch,
          `task ${task}: a former owner wrote at ${batch.baseOffset}`,
        );
        last = batch;
      }
      for (const { taskId, instanceId, next } of this.#commits) {
        if (taskId !== task) continue;
        const batch = batches.findLast(({ baseOffset, isControl }) => baseOffset < next && !isControl)!;
        const ofEpoch = writers.get(String(batch.producerEpoch)) ?? new Set();
        writers.set(String(batch.producerEpoch), ofEpoch.add(instanceId));
      }
      for (const [epoch, instances] of writers) assert.equal(instances.size, 1, `task ${task}, owner ${epoch}`);
      owners += writers.size;
    }
    return owners;
  }
}
