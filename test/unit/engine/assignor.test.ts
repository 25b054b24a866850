import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GroupAssignment, GroupMember } from '../../../engine/api/index.ts';
import { assignTasks } from '../../../engine/runtime/assignor.ts';

function member(
  id: string,
  active: readonly number[] = [],
  offsets: Record<number, number> = {},
  instanceId = id,
): GroupMember {
  return { memberId: id, instanceId, active, offsets };
}

function activeOf(assignment: ReadonlyMap<string, GroupAssignment>, id: string): readonly number[] {
  return assignment.get(id)!.active;
}

const memberSets = fc.uniqueArray(
  fc.record({
    memberId: fc.integer({ min: 0, max: 9 }).map(String),
    instanceId: fc.integer({ min: 0, max: 6 }).map((n) => `instance-${n}`),
    active: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 6 }),
    offsets: fc.dictionary(fc.integer({ min: 0, max: 12 }).map(String), fc.integer({ min: 0, max: 50 })),
  }),
  { selector: (m) => m.memberId, minLength: 1, maxLength: 7 },
);

test('every task has one owner and loads differ by one at most, whatever the members claim', () => {
  fc.assert(
    fc.property(
      memberSets,
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 3 }),
      (members, tasks, standbyReplicas) => {
        const assignment = assignTasks(members, { tasks, standbyReplicas });
        const owned = [...assignment.values()].flatMap((a) => a.active).sort((a, b) => a - b);
        assert.deepEqual(
          owned,
          Array.from({ length: tasks }, (_, task) => task),
        );
        const loads = [...assignment.values()].map((a) => a.active.length);
        assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `loads ${loads}`);
      },
    ),
  );
});

test('standbys are as many as the instances allow, each on an instance of its own', () => {
  fc.assert(
    fc.property(
      memberSets,
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 3 }),
      (members, tasks, standbyReplicas) => {
        const assignment = assignTasks(members, { tasks, standbyReplicas });
        const instances = new Set(members.map((m) => m.instanceId)).size;
        for (let task = 0; task < tasks; task++) {
          const active = members.find((m) => activeOf(assignment, m.memberId).includes(task))!;
          const standbys = members
            .filter((m) => assignment.get(m.memberId)!.standby.includes(task))
            .map((m) => m.instanceId);
          assert.equal(standbys.length, Math.min(standbyReplicas, instances - 1));
          assert.equal(new Set([active.instanceId, ...standbys]).size, standbys.length + 1);
        }
      },
    ),
  );
});

test('standbys are spread evenly where every member is an instance of its own', () => {
  const distinct = memberSets.map((members) => members.map((m) => ({ ...m, instanceId: m.memberId })));
  fc.assert(
    fc.property(
      distinct,
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 3 }),
      (members, tasks, standbyReplicas) => {
        const loads = [...assignTasks(members, { tasks, standbyReplicas }).values()].map((a) => a.standby.length);
        assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `standby loads ${loads}`);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('the order in which members are given does not matter', () => {
  fc.assert(
    fc.property(memberSets, fc.infiniteStream(fc.nat()), (members, random) => {
      const shuffled = members
        .map((m) => ({ m, at: random.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ m }) => m);
      const options = { tasks: 9, standbyReplicas: 1 };
      assert.deepEqual(assignTasks(shuffled, options), assignTasks(members, options));
    }),
  );
});

/** By how many tasks an even assignment must differ from what is owned now: the most that can stay is counted out. */
function leastMoves(owned: readonly number[], tasks: number): number {
  const share = Math.floor(tasks / owned.length);
  const larger = tasks % owned.length;
  const more = owned.filter((count) => count > share).length;
  const kept = owned.reduce((sum, count) => sum + Math.min(count, share), 0) + Math.min(more, larger);
  return tasks - kept;
}

test('through any sequence of joins and leaves no more tasks move than an even spread needs', () => {
  const steps = fc.array(fc.record({ join: fc.boolean(), who: fc.nat({ max: 5 }) }), { maxLength: 12 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 16 }), (changes, tasks) => {
      let owned = new Map<string, readonly number[]>([['m0', []]]);
      for (const { join, who } of changes) {
        const id = `m${who}`;
        if (join && !owned.has(id)) owned.set(id, []);
        else if (!join && owned.size > 1) owned.delete(id);
        const before = owned;
        const least = leastMoves(
          [...before.values()].map((list) => list.length),
          tasks,
        );
        const after = assignTasks(
          [...before].map(([m, active]) => member(m, active)),
          { tasks, standbyReplicas: 1 },
        );
        let moved = 0;
        for (const [m, assignment] of after)
          moved += assignment.active.filter((task) => !before.get(m)!.includes(task)).length;
        assert.equal(moved, least);
        owned = new Map([...after].map(([m, assignment]) => [m, assignment.active]));
      }
    }),
    { numRuns: 300 },
  );
});

test('an unowned task goes to the member with most of its changelog', () => {
  const assignment = assignTasks([member('a', [], { 0: 10, 1: 500 }), member('b', [], { 0: 400, 1: 20 })], {
    tasks: 2,
    standbyReplicas: 0,
  });
  assert.deepEqual(activeOf(assignment, 'a'), [1]);
  assert.deepEqual(activeOf(assignment, 'b'), [0]);
});

test('a task that only one member has state of is placed before tasks with a choice', () => {
  const assignment = assignTasks([member('a', [], { 0: 100, 1: 100 }), member('b', [], { 0: 90 })], {
    tasks: 2,
    standbyReplicas: 0,
  });
  assert.deepEqual(activeOf(assignment, 'a'), [1]);
  assert.deepEqual(activeOf(assignment, 'b'), [0]);
});

test('a member that must give a task up gives the one that the newcomer has state of', () => {
  const assignment = assignTasks([member('a', [0, 1], { 0: 100, 1: 100 }), member('b', [], { 0: 80 })], {
    tasks: 2,
    standbyReplicas: 0,
  });
  assert.deepEqual(activeOf(assignment, 'a'), [1]);
  assert.deepEqual(activeOf(assignment, 'b'), [0]);
});

test('of two members that claim a task the one that is further keeps it', () => {
  const assignment = assignTasks([member('a', [0], { 0: 50 }), member('b', [0], { 0: 60 })], {
    tasks: 1,
    standbyReplicas: 0,
  });
  assert.deepEqual(activeOf(assignment, 'b'), [0]);
});

test('a standby stays where there is state of it', () => {
  const assignment = assignTasks(
    [member('a', [0], { 0: 100 }), member('b', [], { 0: 3 }), member('c', [], { 0: 95 })],
    { tasks: 1, standbyReplicas: 1 },
  );
  assert.deepEqual(assignment.get('c'), { active: [], standby: [0] });
});

test('a restarted instance whose former membership lives on never holds active and standby of a task', () => {
  const assignment = assignTasks(
    [member('old', [0, 1], { 0: 9, 1: 9 }, 'one'), member('new', [], { 0: 9, 1: 9 }, 'one')],
    { tasks: 2, standbyReplicas: 1 },
  );
  assert.deepEqual(
    [...assignment.values()].flatMap((a) => a.standby),
    [],
  );
});
