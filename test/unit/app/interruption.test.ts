// A signal of the system as an AbortSignal: whoever throws its reason throws what main.ts knows as an interruption.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interruption } from '../../../app/interruption.ts';

test('the reason of an interruption is an AbortError that says which signal it was', () => {
  const signal = interruption();
  process.emit('SIGHUP', 'SIGHUP');
  assert.throws(() => signal.throwIfAborted(), { name: 'AbortError', message: 'SIGHUP' });
});
