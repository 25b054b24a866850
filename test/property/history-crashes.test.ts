// Writers that die, finish late and take over from each other at random: whatever happens, a reader gets every record of the log
// once, in order, and no gap is told that is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LogRecord, silentLogger, silentMetrics } from '../../engine/api/index.ts';
import { HistoryWriter, listHistory, readHistory } from '../../engine/archive/index.ts';
import { collect, createMemoryStore, logRecord, START_MS, sourceOf } from '../support/history.ts';

/** What one owner does: takes over, commits, and ends in one of three ways. */
const owner = fc.record({
  commits: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }),
  /** Offsets that its state has lost, which it processes again. */
  stateBack: fc.integer({ min: 0, max: 10 }),
  fileMaxBytes: fc.constantFrom(200, 1_500, 100_000),
  flushAfter: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  end: fc.constantFrom('flush', 'die', 'late'),
});

test('whoever dies when, history has every record once', async () => {
  const holes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(owner, { minLength: 1, maxLength: 6 }), holes, async (owners, steps) => {
      const store = createMemoryStore();
      const log: LogRecord[] = [];
      let position = 0;
      const late: HistoryWriter[] = [];
      const all: HistoryWriter[] = [];
      for (const { commits, stateBack, fileMaxBytes, flushAfter, end } of owners) {
        position = Math.max(0, position - stateBack);
        const clock = { nowMs: () => START_MS };
        const writer = new HistoryWriter({
          taskId: 0,
          store,
          clock,
          fileMaxBytes,
          metrics: silentMetrics,
          logger: silentLogger,
        });
        all.push(writer);
        const from = log[position]?.offset ?? (log.at(-1)?.offset ?? -1) + 1;
        await writer.catchUp(sourceOf(log), [{ topic: 'clicks', partition: 0, offset: from }]);
        for (const [i, count] of commits.entries()) {
          while (log.length < position + count) {
            const offset = (log.at(-1)?.offset ?? -1) + steps[log.length % steps.length]!;
            log.push(logRecord('clicks', 0, offset));
          }
          writer.committed(log.slice(position, position + count));
          position += count;
          if (i === flushAfter) await writer.flush();
        }
        if (end === 'flush') await writer.flush();
        else if (end === 'die') writer.close();
        else late.push(writer);
      }
      await Promise.all(late.map((writer) => writer.flush()));
      const last = new HistoryWriter({
        taskId: 0,
        store,
        clock: { nowMs: () => START_MS },
        metrics: silentMetrics,
        logger: silentLogger,
      });
      const end = (log.at(-1)?.offset ?? -1) + 1;
      await last.catchUp(sourceOf(log), [{ topic: 'clicks', partition: 0, offset: end }]);
      await last.flush();
      for (const writer of [...all, last]) writer.close();
      const [partition] = await listHistory(store);
      const gap = () => assert.fail('a gap was told');
      const parts =
        partition === undefined
          ? []
          : await collect(readHistory(store, partition, { from: 0, end: partition.end }, gap));
      assert.deepEqual(
        parts.flatMap(({ records }) => records.map(({ offset }) => offset)),
        log.map(({ offset }) => offset),
      );
    }),
    { numRuns: 150 },
  );
});
