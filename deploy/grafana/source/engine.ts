// Engine instances: what they take in, how far behind they are, what commits and stores cost.

import type { Board } from './dashboard.ts';
import { quantile, rate, share } from './expressions.ts';
import { processRow } from './process-row.ts';

const HITS = rate('freshet_store_cache_hits_total', 'freshet_store');
const MISSES = rate('freshet_store_cache_misses_total', 'freshet_store');

export const engine: Board = {
  name: 'engine',
  title: 'Freshet: engine',
  text: 'Tasks, commits, state and restores of all engine instances.',
  rows: [
    {
      title: 'Work',
      charts: [
        {
          title: 'Records consumed',
          text: 'By topic.',
          unit: 'ops',
          queries: [
            [
              rate('messaging_client_consumed_messages_total', 'messaging_destination_name'),
              '{{messaging_destination_name}}',
            ],
          ],
          isStacked: true,
        },
        {
          title: 'Lag, records',
          text: 'By topic, all tasks. Short peaks are bursts; what stays is too little capacity or a task that stands still.',
          unit: 'short',
          queries: [['sum by (messaging_destination_name) (freshet_stream_lag)', '{{messaging_destination_name}}']],
        },
        {
          title: 'Lag, seconds',
          text: 'Age of the oldest record that waits, by topic, the worst task.',
          unit: 's',
          queries: [
            ['max by (messaging_destination_name) (freshet_stream_lag_time_seconds)', '{{messaging_destination_name}}'],
          ],
        },
      ],
    },
    {
      title: 'Tasks',
      charts: [
        {
          title: 'Tasks, by what they do',
          text: 'Of all instances. Running tasks should be as many as partitions.',
          unit: 'short',
          queries: [['sum by (freshet_task_status) (freshet_tasks)', '{{freshet_task_status}}']],
          isStacked: true,
        },
        {
          title: 'Assignments',
          text: 'A rolling restart gives two for each instance. Many without one: instances that come and go.',
          unit: 'short',
          queries: [
            ['sum by (instance) (increase(freshet_group_assignments_total[$__rate_interval]))', '{{instance}}'],
          ],
        },
        {
          title: 'Restores: records to go',
          text: 'By task. It should fall to 0.',
          unit: 'short',
          queries: [['max by (freshet_task) (freshet_restore_remaining)', 'task {{freshet_task}}']],
        },
      ],
    },
    {
      title: 'Commits',
      charts: [
        {
          title: 'Commit',
          text: 'Kafka’s transaction, and RocksDB’s write.',
          unit: 's',
          queries: [
            [quantile(0.5, 'freshet_commit_duration_seconds'), 'p50'],
            [quantile(0.99, 'freshet_commit_duration_seconds'), 'p99'],
            [quantile(0.99, 'messaging_client_operation_duration_seconds'), 'transaction p99'],
          ],
        },
        {
          title: 'Batch',
          text: 'From the selection of its records to its commit.',
          unit: 's',
          queries: [
            [quantile(0.5, 'messaging_process_duration_seconds'), 'p50'],
            [quantile(0.99, 'messaging_process_duration_seconds'), 'p99'],
          ],
        },
        {
          title: 'Heartbeat',
          text: 'Age of the last sign of life that the coordinator has confirmed. At the session timeout (10 s) tasks are lost.',
          unit: 's',
          queries: [['max by (instance) (freshet_group_heartbeat_age_seconds)', '{{instance}}']],
        },
      ],
    },
    {
      title: 'Publication',
      charts: [
        {
          title: 'Lists and the like published',
          text: 'Entries a second, and how many wait. A task pauses when FRESHET_MAX_WAITING_LISTS of its own wait.',
          unit: 'short',
          queries: [
            [rate('freshet_lists_published_total'), 'published a second'],
            ['sum(freshet_lists_waiting)', 'waiting'],
          ],
        },
        {
          title: 'A publication',
          text: 'A call to Redis, with its retries’ own values.',
          unit: 's',
          queries: [
            [quantile(0.5, 'freshet_publication_duration_seconds'), 'p50'],
            [quantile(0.99, 'freshet_publication_duration_seconds'), 'p99'],
          ],
        },
        {
          title: 'Dead letters',
          text: 'Refused records, by topic and code.',
          unit: 'ops',
          queries: [
            [
              rate('freshet_dead_letters_total', 'messaging_destination_name, error_type'),
              '{{messaging_destination_name}} {{error_type}}',
            ],
          ],
        },
      ],
    },
    {
      title: 'State',
      charts: [
        {
          title: 'Reads that memory answers',
          text: 'By store. A fall means that FRESHET_CACHE_MAX_MB is too small for the visitors of now.',
          unit: 'percentunit',
          queries: [[share(HITS, `(${HITS} + ${MISSES})`), '{{freshet_store}}']],
        },
        {
          title: 'Size on disk',
          text: 'RocksDB’s tables and write-ahead logs, by instance.',
          unit: 'bytes',
          queries: [
            [
              'sum by (instance, freshet_rocksdb_file_type) (freshet_rocksdb_files_size_bytes)',
              '{{instance}} {{freshet_rocksdb_file_type}}',
            ],
          ],
        },
        {
          title: 'RocksDB under pressure',
          text: 'Compactions and flushes that run; databases that take no writes, which should be 0.',
          unit: 'short',
          queries: [
            ['sum by (instance) (freshet_rocksdb_compactions)', 'compactions {{instance}}'],
            ['sum by (instance) (freshet_rocksdb_flushes)', 'flushes {{instance}}'],
            ['sum by (instance) (freshet_rocksdb_writes_stopped)', 'stopped {{instance}}'],
          ],
        },
      ],
    },
    processRow('freshet-engine'),
  ],
};
