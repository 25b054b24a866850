import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgressView, replaySummary } from '../../../../tools/replay/progress.ts';
import type { ReplayReader } from '../../../../tools/replay/reader.ts';
import type { ReplayResult } from '../../../../tools/replay/replay.ts';
import { createHandClock } from '../support/hand-clock.ts';

function setUp(isTty: boolean) {
  const clock = createHandClock(0);
  let written = '';
  const view = createProgressView({
    isTty,
    clock,
    write: (text) => {
      written += text;
    },
  });
  return { clock, view, written: () => written };
}

test('a terminal has one line that is redrawn, with percent, rate and the time that is left', () => {
  const { clock, view, written } = setUp(true);
  view.update({ phase: 'running', bytesRead: 0, totalBytes: 1_000, events: 0 });
  clock.advance(10_000);
  view.update({ phase: 'running', bytesRead: 250, totalBytes: 1_000, events: 50_000 });
  view.end();
  assert.ok(!written().trimEnd().includes('\n'));
  const last = written().split('\r\u001b[2K').at(-1);
  assert.equal(last, `[########......................]  25 %  50,000 events, 5,000 events/s, 30 s left\n`);
});

test('elsewhere there are plain lines every few seconds, not one for each report', () => {
  const { clock, view, written } = setUp(false);
  for (let i = 0; i <= 100; i += 1) {
    view.update({ phase: 'running', bytesRead: i, totalBytes: 100, events: i });
    clock.advance(100);
  }
  view.end();
  assert.ok(!written().includes('\u001b') && !written().includes('\r'));
  assert.equal(written().trimEnd().split('\n').length, 3);
});

test('the rate after a restart is that of the work, not of what was skipped', () => {
  const { clock, view, written } = setUp(false);
  view.update({ phase: 'skipping', bytesRead: 500, totalBytes: 1_000, events: 0 });
  clock.advance(60_000);
  view.update({ phase: 'running', bytesRead: 500, totalBytes: 1_000, events: 0 });
  clock.advance(5_000);
  view.update({ phase: 'running', bytesRead: 750, totalBytes: 1_000, events: 500 });
  assert.match(written(), /75 % {2}500 events, 100 events\/s, 5 s left\n$/);
});

const READER = {
  fileName: 'retail.csv',
  unit: 'rows',
  unitsRead: 20_000,
  counts: () => [{ label: 'rows read', count: 20_000 }],
} as unknown as ReplayReader;

const RESULT: ReplayResult = {
  outcome: 'finished',
  progress: {
    steps: 1_200,
    chunks: 1,
    isDone: true,
    lastEventMs: 5,
    endMs: 5,
    counts: {
      events: { purchases: 1_000, catalog: 50 },
      refused: { 'not-a-product': 40 },
      notes: { 'duplicate-row': 110 },
    },
  },
  resumedAtStep: 0,
  events: 1_050,
  elapsedMs: 2_000,
};

test('the summary says what was read, used and refused and why, and how fast', () => {
  assert.equal(
    replaySummary(RESULT, READER),
    [
      'retail.csv replayed.',
      '  rows read               20,000',
      '  events of catalog           50',
      '  events of purchases      1,000',
      '  refused: not-a-product      40',
      '  counted: duplicate-row     110',
      '  seconds                    2.0',
      '  rows/s                  10,000',
      '  events/s                   525',
    ].join('\n'),
  );
});

test('the summary of an interrupted replay says how to go on, that of a finished one that there is nothing to do', () => {
  const interrupted = replaySummary({ ...RESULT, outcome: 'interrupted' }, READER);
  assert.match(interrupted, /^Stopped after 1,200 steps of retail\.csv\. The same command goes on from there\.\n/);
  assert.doesNotMatch(interrupted, /rows read/);
  assert.match(replaySummary({ ...RESULT, outcome: 'already-done' }, READER), /replayed already; nothing to do/);
});
