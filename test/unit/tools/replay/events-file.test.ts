import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openEventsFile } from '../../../../tools/replay/events-file.ts';
import { createShop } from '../../../../tools/simulator/index.ts';
import { stepsOf, temporaryFile } from '../support/files.ts';

test('the events of a simulated shop come back as they were written, plain or packed', async (t) => {
  const shop = createShop({ seed: 5, startAtMs: 1_767_603_600_000, eventsPerSecond: 20, badEventShare: 0.01 });
  const events = shop.catalogEvents();
  for (const event of shop.events()) if (events.push(event) === 8_000) break;
  const text = events.map((event) => JSON.stringify(event)).join('\n');
  for (const contents of [text, gzipSync(text)]) {
    const reader = await openEventsFile(await temporaryFile(t, 'events.jsonl', contents));
    const steps = await stepsOf(reader);
    assert.deepEqual(
      steps.map(
        (step) => step.kind === 'event' && { topic: step.topic, key: step.key, at: step.at, value: step.value },
      ),
      events,
    );
    assert.equal(reader.unitsRead, 8_000);
  }
});

test('a bad line is refused with its number and the others are used', async (t) => {
  const good = '{"topic":"clicks","key":"v","value":{"at":5}}';
  const lines = [
    good,
    'not json',
    '[1]',
    '{"topic":"dead-letters","key":"v","value":{"at":5}}',
    '{"topic":"clicks","value":{"at":5}}',
    '{"topic":"clicks","key":"v"}',
    '{"topic":"clicks","key":"v","value":{"at":"noon"}}',
    '',
    good,
  ];
  const steps = await stepsOf(await openEventsFile(await temporaryFile(t, 'events.jsonl', lines.join('\n'))));
  assert.deepEqual(
    steps.map((step) => (step.kind === 'refused' ? `${step.line} ${step.code}` : step.kind)),
    [
      'event',
      '2 not-json',
      '3 not-json',
      '4 unknown-topic',
      '5 missing-key',
      '6 missing-value',
      '7 missing-time',
      'event',
    ],
  );
});

test('a tombstone without a time of its own has that of the line before', async (t) => {
  const lines = ['{"topic":"clicks","key":"v","value":{"at":5}}', '{"topic":"catalog","key":"i","value":null}'];
  const steps = await stepsOf(await openEventsFile(await temporaryFile(t, 'events.jsonl', lines.join('\n'))));
  assert.deepEqual(steps[1], { kind: 'event', topic: 'catalog', key: 'i', value: null, at: 5, line: 2 });
});
