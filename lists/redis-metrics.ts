// How long calls to Redis take, by the semantic conventions for database clients.
import type { Histogram, Metrics } from '../engine/api/index.ts';

/** Records a call. @param startedMs of `performance.now` */
export type RecordCall = (operation: string, startedMs: number, error?: Error) => void;

export function callRecorder(metrics: Metrics): RecordCall {
  const histograms = new Map<string, Histogram>();
  return (operation, startedMs, error) => {
    const id = `${operation} ${error?.name ?? ''}`;
    let histogram = histograms.get(id);
    if (histogram === undefined) {
      histogram = metrics.histogram('db.client.operation.duration', {
        'db.system.name': 'redis',
        'db.operation.name': operation,
        ...(error !== undefined && { 'error.type': error.name }),
      });
      histograms.set(id, histogram);
    }
    histogram.record((performance.now() - startedMs) / 1000);
  };
}
