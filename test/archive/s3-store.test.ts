// History in a bucket of a real S3 server, and what happens when the server goes away.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { type LogRecord, silentLogger, silentMetrics, systemClock } from '../../engine/api/index.ts';
import { HistoryWriter, listHistory, openObjectStore, readHistory } from '../../engine/archive/index.ts';
import { objectStoreConformance } from '../conformance/object-store.ts';
import { collect, logRecord, sourceOf } from '../support/history.ts';
import { suiteOwner } from '../support/kafka-server.ts';
import { BUCKET, needsServers, type S3Server, s3Server } from '../support/s3-server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('history in a bucket', needsServers(), () => {
  const owner = suiteOwner();
  let s3: S3Server;
  before(async () => {
    s3 = await s3Server(owner);
  });

  objectStoreConformance('a bucket', {
    async open(t) {
      const store = await openObjectStore(`s3://${BUCKET}/tests/${randomUUID()}`, s3.options);
      t.after(() => store.close());
      return store;
    },
    manyObjects: 1_020,
  });

  it('takes a whole bucket without a prefix, too', async (t) => {
    const store = await openObjectStore(`s3://${BUCKET}`, s3.options);
    t.after(() => store.close());
    const name = `whole-${randomUUID()}`;
    await store.put(name, Buffer.from('x'));
    assert.deepEqual(await collect(store.list('whole-')), [[{ name, bytes: 1 }]]);
  });

  it('says what is wrong with a bucket that is not there', async (t) => {
    const store = await openObjectStore('s3://no-such-bucket/x', s3.options);
    t.after(() => store.close());
    await assert.rejects(store.put('a', Buffer.from('x')), { name: 'NoSuchBucket' });
    await assert.rejects(collect(store.list('')), { name: 'NoSuchBucket' });
  });

  it('holds every record once after an outage of the server', async (t) => {
    const store = await openObjectStore(`s3://${BUCKET}/outage`, s3.options);
    const lines: string[] = [];
    const log = (event: string) => void lines.push(event);
    const writer = new HistoryWriter({
      taskId: 0,
      store,
      fileMaxBytes: 100_000,
      clock: systemClock,
      metrics: silentMetrics,
      logger: { ...silentLogger, info: log, error: log },
    });
    t.after(async () => {
      writer.close();
      await store.close();
    });
    await writer.catchUp(sourceOf([]), [{ topic: 'clicks', partition: 0, offset: 0 }]);
    const batch = (from: number): LogRecord[] =>
      Array.from({ length: 1_000 }, (_, i) => logRecord('clicks', 0, from + i, { value: Buffer.alloc(200, i % 251) }));
    for (let from = 0; from < 10_000; from += 1_000) writer.committed(batch(from));
    assert.equal(await writer.flush(), true);
    await s3.kill();
    for (let from = 10_000; from < 20_000; from += 1_000) writer.committed(batch(from));
    const flushed = writer.flush();
    await waitFor('a failure', () => lines.length > 0, 60_000);
    await s3.start();
    assert.equal(await flushed, true);
    assert.deepEqual(lines, ['history cannot be stored, it waits', 'history is stored again']);
    const [partition] = await listHistory(store);
    const range = { from: 0, end: partition!.end };
    const parts = await collect(readHistory(store, partition!, range, () => assert.fail('a gap')));
    assert.deepEqual(
      parts.flatMap(({ records }) => records.map(({ offset }) => offset)),
      Array.from({ length: 20_000 }, (_, i) => i),
    );
  });
});
