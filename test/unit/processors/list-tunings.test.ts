import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListTunings } from '../../../processors/list-tunings.ts';
import { DEFAULT_TUNING } from '../../../schemas/list-tuning.ts';
import type { Setting } from '../../../schemas/records.ts';

const setting = (body: string, overrides: Partial<Setting> = {}): Setting => ({
  eventId: 'e',
  name: 'for-you',
  at: 0,
  kind: 'definition',
  body,
  ...overrides,
});

test('a definition sets what it names, until its setting goes', () => {
  const tunings = new ListTunings();
  tunings.apply('for-you', setting('{"contentShare":0.6,"diversity":0}'));
  assert.deepEqual(tunings.of('for-you'), { ...DEFAULT_TUNING, contentShare: 0.6, diversity: 0 });
  assert.deepEqual(tunings.of('other'), DEFAULT_TUNING);
  tunings.apply('for-you', undefined);
  assert.deepEqual(tunings.of('for-you'), DEFAULT_TUNING);
});

test('a placement, and a body that does not hold to its rules, change nothing', () => {
  const tunings = new ListTunings();
  for (const one of [
    setting('{"contentShare":0.6}', { kind: 'placement' }),
    setting('{"contentShare":2}'),
    setting('{"contentShare":0.6,"other":1}'),
    setting('[]'),
    setting('no json'),
  ]) {
    tunings.apply('for-you', one);
    assert.deepEqual(tunings.of('for-you'), DEFAULT_TUNING);
  }
});
