// The endpoint: requests, what they are answered with, and how it gets on with Redis.

import type { Board } from './dashboard.ts';
import { quantile, rate, share } from './expressions.ts';
import { processRow } from './process-row.ts';

const REQUESTS = 'http_server_request_duration_seconds';

export const serving: Board = {
  name: 'serving',
  title: 'Freshet: serving',
  text: 'Requests to the endpoint. The objective: 99.99 % are not answered with an error of ours.',
  rows: [
    {
      title: 'Requests',
      charts: [
        {
          title: 'Requests',
          text: 'By route.',
          unit: 'reqps',
          queries: [[rate(`${REQUESTS}_count`, 'http_route'), '{{http_route}}']],
          isStacked: true,
        },
        {
          title: 'Latency',
          text: 'Until the last byte was sent; live streams are left out.',
          unit: 's',
          queries: [
            [quantile(0.5, REQUESTS, '', 'http_route!~".*stream"'), 'p50'],
            [quantile(0.99, REQUESTS, '', 'http_route!~".*stream"'), 'p99'],
            [quantile(0.999, REQUESTS, '', 'http_route!~".*stream"'), 'p99.9'],
          ],
        },
        {
          title: 'Statuses',
          text: '5xx are ours, 4xx the callers’.',
          unit: 'reqps',
          queries: [[rate(`${REQUESTS}_count`, 'http_response_status_code'), '{{http_response_status_code}}']],
          isStacked: true,
        },
      ],
    },
    {
      title: 'Availability',
      charts: [
        {
          title: 'Budget left, 30 days',
          text: 'Share of the month’s failed requests that has not been used.',
          unit: 'percentunit',
          queries: [['freshet:availability:budget_left', 'left']],
        },
        {
          title: 'How fast the budget burns',
          text: '1 uses it up in exactly 30 days.',
          unit: 'short',
          queries: [
            ['freshet:availability:error_ratio5m / 0.0001', '5 min'],
            ['freshet:availability:error_ratio1h / 0.0001', '1 h'],
            ['freshet:availability:error_ratio6h / 0.0001', '6 h'],
          ],
        },
        {
          title: 'Endpoints that are ready',
          text: 'As /health/ready says it.',
          unit: 'short',
          queries: [
            ['sum(freshet_ready)', 'ready'],
            ['count(freshet_ready)', 'all'],
          ],
        },
      ],
    },
    {
      title: 'Answers',
      charts: [
        {
          title: 'Answers, by rung',
          text: 'What gave the first item: the visitor’s own list at best; none is an empty answer.',
          unit: 'ops',
          queries: [[rate('freshet_answers_total', 'freshet_rung'), '{{freshet_rung}}']],
          isStacked: true,
        },
        {
          title: 'Degraded answers',
          text: 'Made of what is remembered, since Redis was away or late.',
          unit: 'percentunit',
          queries: [['freshet:answers:degraded_ratio5m', 'degraded']],
        },
        {
          title: 'Breaker',
          text: '1 while Redis is taken for away and is not asked.',
          unit: 'short',
          queries: [['max by (instance) (freshet_breaker_open)', '{{instance}}']],
        },
      ],
    },
    {
      title: 'Redis',
      charts: [
        {
          title: 'Calls to Redis, p99',
          text: 'Of endpoints and engines, by operation; what is asked in one go is one call.',
          unit: 's',
          queries: [
            [
              quantile(0.99, 'db_client_operation_duration_seconds', 'job, db_operation_name'),
              '{{job}} {{db_operation_name}}',
            ],
          ],
        },
        {
          title: 'Calls to Redis',
          text: 'By operation.',
          unit: 'ops',
          queries: [
            [
              rate('db_client_operation_duration_seconds_count', 'job, db_operation_name'),
              '{{job}} {{db_operation_name}}',
            ],
          ],
        },
        {
          title: 'Reads answered from memory',
          text: 'Share of requests that had to go without Redis for some of their lists.',
          unit: 'percentunit',
          queries: [[share(rate('freshet_reads_degraded_total'), rate(`${REQUESTS}_count`)), 'share']],
        },
      ],
    },
    processRow('freshet-serving'),
  ],
};
