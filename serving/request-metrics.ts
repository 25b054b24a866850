// How long requests take, by the semantic conventions for HTTP servers.
import type { ServerResponse } from 'node:http';
import type { Histogram, MetricAttributes, Metrics } from '../engine/api/index.ts';
import type { EdgeResponse } from './handler.ts';

/** What is known by name; anything else that a client may send is `_OTHER`, so that nobody makes series at will. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

/** Records the time until the last byte was sent: one listener for all responses. */
export function requestRecorder(metrics: Metrics): (this: ServerResponse) => void {
  const histograms = new Map<string, Histogram>();
  return function finished(this: ServerResponse): void {
    const { route = '', startMs = 0 } = (this as EdgeResponse).locals;
    const { statusCode } = this;
    const method = this.req.method ?? '';
    const id = `${method} ${route} ${statusCode}`;
    let histogram = histograms.get(id);
    if (histogram === undefined) {
      const attributes = attributesOf(METHODS.has(method) ? method : '_OTHER', route, statusCode);
      histogram = metrics.histogram('http.server.request.duration', attributes);
      if (METHODS.has(method)) histograms.set(id, histogram);
    }
    histogram.record((performance.now() - startMs) / 1000);
  };
}

function attributesOf(method: string, route: string, statusCode: number): MetricAttributes {
  return {
    'http.request.method': method,
    ...(route !== '' && { 'http.route': route }),
    'http.response.status_code': statusCode,
    'url.scheme': 'http',
    ...(statusCode >= 500 && { 'error.type': String(statusCode) }),
  };
}
