import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import {
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
} from '../../../../engine/kafka/group-protocol.ts';

const TOPICS = { sources: ['clicks', 'purchases'], changelog: 'changelog' };
const tasks = fc.uniqueArray(fc.nat(99));

test('a member reads what another one has told of itself', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      tasks,
      fc.dictionary(fc.nat(99).map(String), fc.maxSafeNat()),
      (instanceId, active, offsets) => {
        const metadata = encodeMetadata(TOPICS, { instanceId, active, offsets });
        assert.deepEqual(decodeMetadata('member', metadata), { instanceId, active, offsets: { ...offsets } });
      },
    ),
  );
});

test('an assignment is read back', () => {
  fc.assert(
    fc.property(tasks, tasks, (active, standby) => {
      const bytes = encodeAssignment(TOPICS, { active, standby });
      assert.deepEqual(decodeAssignment(TOPICS, bytes), { active, standby });
    }),
  );
});

test('tools of Kafka see the active tasks as partitions of every source', () => {
  const bytes = encodeAssignment(TOPICS, { active: [1, 3], standby: [0] });
  const { assignment } = kafkajs.AssignerProtocol.MemberAssignment.decode(bytes)!;
  assert.deepEqual(assignment, { clicks: [1, 3], purchases: [1, 3], changelog: [0] });
});

test('a member without an assignment has no tasks', () => {
  assert.deepEqual(decodeAssignment(TOPICS, Buffer.alloc(0)), { active: [], standby: [] });
});

for (const [what, userData] of [
  ['no state', ''],
  ['no JSON', '{'],
  ['a list', '[]'],
  ['an instance that is no text', '{"instanceId":1,"active":[],"offsets":{}}'],
  ['tasks that are no numbers', '{"instanceId":"a","active":["1"],"offsets":{}}'],
  ['offsets that are no numbers', '{"instanceId":"a","active":[],"offsets":{"1":"2"}}'],
] as const)
  test(`a member that tells ${what} counts as a new instance`, () => {
    const metadata = kafkajs.AssignerProtocol.MemberMetadata.encode({
      version: 0,
      topics: [],
      userData: Buffer.from(userData),
    });
    assert.deepEqual(decodeMetadata('member-7', metadata), { instanceId: 'member-7', active: [], offsets: {} });
  });

test('bytes that are no subscription count as a new instance', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.deepEqual(decodeMetadata('m', Buffer.from(bytes)), { instanceId: 'm', active: [], offsets: {} });
    }),
  );
});
