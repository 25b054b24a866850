// A log that keeps what is appended, and a target on it. `failAt` makes the process die: everything it does from then on is lost.
import { type ProducerRecord, RefusedRecordError } from '../../../../engine/api/index.ts';
import { decodeProgress } from '../../../../tools/replay/progress-record.ts';
import type { ReplayTarget } from '../../../../tools/replay/replay.ts';

/** Where a run is killed: before or after its n-th append, counted from 1. */
export interface Kill {
  readonly append: number;
  readonly isAfter: boolean;
}

export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface FakeLog {
  readonly records: ProducerRecord[];
  /** Sizes of the appends. */
  readonly appends: number[];
  /** Names of the calls, in order. */
  readonly calls: string[];
}

export function createFakeLog(): FakeLog {
  return { records: [], appends: [], calls: [] };
}

/** Topics that the engine does not process. */
const OWN_TOPICS = ['replay-progress', 'dead-letters'];

export function targetOn(log: FakeLog, kill?: Kill): ReplayTarget {
  let appends = 0;
  const encoder = new TextEncoder();
  return {
    encode(topic, value) {
      if ((value as { at?: number }).at === -1) throw new RefusedRecordError('invalid-time', `no time in ${topic}`);
      return encoder.encode(JSON.stringify(value));
    },
    async append(records) {
      appends += 1;
      if (kill?.append === appends && !kill.isAfter) throw new Killed();
      log.records.push(...records);
      log.appends.push(records.length);
      log.calls.push('append');
      if (kill?.append === appends) throw new Killed();
    },
    async drain() {
      log.calls.push('drain');
    },
    newestEventMs() {
      const times = log.records
        .filter(({ topic }) => !OWN_TOPICS.includes(topic))
        .map(({ timestampMs }) => timestampMs);
      return times.length === 0 ? undefined : Math.max(...times);
    },
    async finish(endMs) {
      log.calls.push(`finish ${endMs}`);
    },
    async progressOf(source) {
      const record = log.records.findLast((one) => one.topic === 'replay-progress' && one.key === source);
      return record?.value ? decodeProgress(record.value) : undefined;
    },
  };
}
