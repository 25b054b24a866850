// The same for every kind of process: what Node and the machine say.

import type { Board } from './dashboard.ts';

export const processRow = (job: string): Board['rows'][number] => ({
  title: 'Processes',
  charts: [
    {
      title: 'Event loop',
      text: 'How busy it is, 1 at most, and how late p99 of its turns are. Close to 1 the process needs help from another.',
      unit: 'short',
      queries: [
        [`nodejs_eventloop_utilization_ratio{job="${job}"}`, 'busy {{instance}}'],
        [`nodejs_eventloop_delay_p99_seconds{job="${job}"}`, 'late, s {{instance}}'],
      ],
    },
    {
      title: 'Memory',
      text: 'Physical, and JavaScript’s heap. RocksDB’s cache and memtables are in the first alone.',
      unit: 'bytes',
      queries: [
        [`process_memory_usage_bytes{job="${job}"}`, 'process {{instance}}'],
        [`sum by (instance) (v8js_memory_heap_used_bytes{job="${job}"})`, 'heap {{instance}}'],
      ],
    },
    {
      title: 'CPU',
      text: 'Cores in use. More than one: RocksDB and the collector of garbage have threads of their own.',
      unit: 'short',
      queries: [
        [`sum by (instance) (rate(process_cpu_time_seconds_total{job="${job}"}[$__rate_interval]))`, '{{instance}}'],
      ],
    },
  ],
});
