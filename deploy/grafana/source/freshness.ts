// The promise: what a shopper did is in the next answer, 99 of 100 times within 2 s.

import type { Board } from './dashboard.ts';
import { quantile, rate } from './expressions.ts';

export const freshness: Board = {
  name: 'freshness',
  title: 'Freshet: freshness',
  text: 'From an event to the answer that has it. The objective: 99 % of the probe shopper’s clicks are in an answer within 2 s.',
  rows: [
    {
      title: 'The objective',
      charts: [
        {
          title: 'Budget left, 30 days',
          text: 'Share of the month’s late checks that has not been used. Below 0 the objective is missed.',
          unit: 'percentunit',
          queries: [['freshet:freshness:budget_left', 'left']],
        },
        {
          title: 'How fast the budget burns',
          text: '1 uses it up in exactly 30 days. Alerts: 14.4 over an hour, 6 over six hours (page), 3 over a day, 1 over three (ticket).',
          unit: 'short',
          queries: [
            ['freshet:freshness:bad_ratio5m / 0.01', '5 min'],
            ['freshet:freshness:bad_ratio1h / 0.01', '1 h'],
            ['freshet:freshness:bad_ratio6h / 0.01', '6 h'],
          ],
        },
        {
          title: 'Checks of the probe, by result',
          text: 'All of them should be good.',
          unit: 'ops',
          queries: [[rate('freshet_probe_checks_total', 'freshet_probe_result'), '{{freshet_probe_result}}']],
          isStacked: true,
        },
      ],
    },
    {
      title: 'How long it takes',
      charts: [
        {
          title: 'Click to answer, as the probe sees it',
          text: 'From the sending of a click to the first answer that has it. The line of the objective is p99 at 2 s.',
          unit: 's',
          queries: [
            [quantile(0.5, 'freshet_probe_duration_seconds'), 'p50'],
            [quantile(0.95, 'freshet_probe_duration_seconds'), 'p95'],
            [quantile(0.99, 'freshet_probe_duration_seconds'), 'p99'],
          ],
        },
        {
          title: 'Event to list, all shoppers, p99 by stage',
          text: 'From the log’s taking of an event. Where a stage jumps away from the one before it, the time is lost between them.',
          unit: 's',
          queries: [[quantile(0.99, 'freshet_event_latency_seconds', 'freshet_stage'), '{{freshet_stage}}']],
        },
        {
          title: 'Event to list, share within 2 s',
          text: 'Of all events whose lists were published.',
          unit: 'percentunit',
          queries: [['1 - freshet:events:slow_ratio5m', 'within 2 s']],
        },
      ],
    },
    {
      title: 'What holds events up',
      charts: [
        {
          title: 'Oldest waiting record',
          text: 'By topic, the worst task. Grows evenly when a task stands still.',
          unit: 's',
          queries: [
            ['max by (messaging_destination_name) (freshet_stream_lag_time_seconds)', '{{messaging_destination_name}}'],
          ],
        },
        {
          title: 'Commit and publication, p99',
          text: 'A commit is Kafka’s transaction and RocksDB’s write, a publication a call to Redis.',
          unit: 's',
          queries: [
            [quantile(0.99, 'freshet_commit_duration_seconds'), 'commit'],
            [quantile(0.99, 'messaging_client_operation_duration_seconds'), 'its transaction'],
            [quantile(0.99, 'freshet_publication_duration_seconds'), 'publication'],
          ],
        },
        {
          title: 'Tasks, by what they do',
          text: 'All of them should run.',
          unit: 'short',
          queries: [['sum by (freshet_task_status) (freshet_tasks)', '{{freshet_task_status}}']],
          isStacked: true,
        },
      ],
    },
  ],
};
