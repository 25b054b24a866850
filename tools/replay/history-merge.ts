// Many ordered streams of records into one, by the time at which the log took them, then by topic, partition and offset: the order
// in which a person reading along would have seen them. A binary heap of the streams by their next record; each stream keeps its own
// order, whatever its clock did. Memory: one part of each stream.
import type { LogRecord } from '../../engine/api/index.ts';
import type { HistoryPart } from '../../engine/archive/index.ts';

/** A record and the schemas of the file that it comes from. */
export interface MergedRecord {
  readonly record: LogRecord;
  readonly schemas: string;
}

/** A stream at its next record. */
interface Stream {
  readonly parts: AsyncIterator<HistoryPart, void>;
  part: HistoryPart;
  at: number;
}

/** All records of all streams in this order, in arrays of any length. */
export async function* mergeHistory(
  streams: readonly AsyncIterable<HistoryPart>[],
): AsyncGenerator<readonly MergedRecord[], void, undefined> {
  const heap: Stream[] = [];
  const begin = async (parts: AsyncIterator<HistoryPart, void>): Promise<void> => {
    const first = await parts.next();
    if (first.done !== true) heap.push({ parts, part: first.value, at: 0 });
  };
  await Promise.all(streams.map((stream) => begin(stream[Symbol.asyncIterator]())));
  for (let i = heap.length >> 1; i >= 0; i--) sink(heap, i);
  let batch: MergedRecord[] = [];
  while (heap.length > 0) {
    const top = heap[0]!;
    batch.push({ record: top.part.records[top.at]!, schemas: top.part.schemas });
    top.at += 1;
    if (top.at < top.part.records.length) {
      sink(heap, 0);
      continue;
    }
    // What has been merged goes out before anything is waited for.
    yield batch;
    batch = [];
    const next = await top.parts.next();
    if (next.done === true) {
      const last = heap.pop()!;
      if (heap.length > 0 && last !== top) heap[0] = last;
    } else {
      top.part = next.value;
      top.at = 0;
    }
    sink(heap, 0);
  }
}

function isBefore(a: Stream, b: Stream): boolean {
  const left = a.part.records[a.at]!;
  const right = b.part.records[b.at]!;
  if (left.appendTimeMs !== right.appendTimeMs) return left.appendTimeMs < right.appendTimeMs;
  if (left.topic !== right.topic) return left.topic < right.topic;
  return left.partition < right.partition;
}

function sink(heap: Stream[], from: number): void {
  for (let at = from; ; ) {
    const left = 2 * at + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const least = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left;
    if (!isBefore(heap[least]!, heap[at]!)) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
