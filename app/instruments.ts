// The catalogue: every instrument that this application has. docs/metrics.md is generated from it, exporters take units and texts from it,
// and a test holds it against what a running engine and endpoint produce.

import {
  CALL_BOUNDS,
  counter,
  ENGINE_INSTRUMENTS,
  FRESHNESS_BOUNDS,
  gauge,
  histogram,
  type Instrument,
} from '../engine/api/index.ts';

const ERROR = 'error.type';
const ALGORITHM = 'freshet.algorithm';

const RECOMMENDER: readonly Instrument[] = [
  counter(
    'freshet.users.noted',
    '{event}',
    'Events and parts of them that changed nothing, or less than they say, by reason.',
    'freshet.note',
  ),
  counter('freshet.users.impressions', '{impression}', 'Impressions of visitors.'),
  counter('freshet.items.retractions.dropped', '{pair}', 'Pairs taken back that had left their bounded row.'),
  counter('freshet.items.hash_collisions', '{event}', 'Items that were refused because another has their hash.'),
  counter('freshet.catalog.events.late', '{event}', 'Catalog events that are older than what is known of their item.'),
  counter('freshet.popularity.deltas.dropped', '{delta}', 'Sales taken back that had left their bounded segment.'),
  counter('freshet.learner.examples', '{example}', 'Examples that the ranking has learned from.'),
  gauge(
    'freshet.lists.hit_rate',
    '1',
    "Looks at something that was in the visitor's list, first 20, of all: decayed.",
    ALGORITHM,
  ),
  gauge(
    'freshet.lists.reciprocal_rank',
    '1',
    'Mean reciprocal rank of what was looked at in the list, first 20: decayed.',
    ALGORITHM,
  ),
  gauge('freshet.lists.looks', '{look}', 'Looks that these means are of: decayed.', ALGORITHM),
  counter('freshet.refresh.lists', '{list}', 'Lists made anew without an event of their owner.', 'freshet.list.owner'),
  gauge('freshet.refresh.waiting', '{visitor}', 'Visitors whose lists wait to be made anew.', 'freshet.task'),
];

const SERVING: readonly Instrument[] = [
  histogram(
    'http.server.request.duration',
    CALL_BOUNDS,
    'Requests, until their last byte was sent. A stream is one request.',
    'http.request.method',
    'http.route',
    'http.response.status_code',
    'url.scheme',
    ERROR,
  ),
  counter(
    'freshet.answers',
    '{answer}',
    'Answers, by placement, by the rung that gave the first item (`none`: an empty answer), and whether they were made of what is remembered.',
    'freshet.placement',
    'freshet.rung',
    'freshet.degraded',
  ),
  counter(
    'freshet.reads.degraded',
    '{read}',
    'Reads of lists that were answered from memory: the store is away or late.',
  ),
  gauge('freshet.breaker.open', '', '1 while the list store is taken for away and is not asked.'),
  gauge('freshet.ready', '', '1 while the endpoint is ready, as `/health/ready` says it.'),
  counter('freshet.values.unreadable', '{value}', 'Published values that could not be read.'),
  counter('freshet.requests.refused', '{request}', 'Requests refused for their API key, its scope or its rate.', ERROR),
  gauge('freshet.items.blocked', '{item}', 'Items that no answer may show.'),
  gauge('freshet.live_streams', '{stream}', 'Streams that are open.'),
];

const REDIS: readonly Instrument[] = [
  histogram(
    'db.client.operation.duration',
    CALL_BOUNDS,
    'Calls to Redis; what is asked in one go is one call.',
    'db.system.name',
    'db.operation.name',
    ERROR,
  ),
];

const PROBE: readonly Instrument[] = [
  histogram(
    'freshet.probe.duration',
    FRESHNESS_BOUNDS,
    "From the sending of the probe's click to the first answer that has it.",
  ),
  counter(
    'freshet.probe.checks',
    '{check}',
    "Checks by result: `good` (within the objective), `late`, `missing` (not within the probe's patience), `not-sent`, `no-answer`.",
    'freshet.probe.result',
  ),
];

const PROCESS: readonly Instrument[] = [
  gauge('nodejs.eventloop.delay.mean', 's', 'Delay of the event loop since the last collection, on average.'),
  gauge('nodejs.eventloop.delay.p50', 's', 'Half of the delays were shorter.'),
  gauge('nodejs.eventloop.delay.p99', 's', 'All but one in a hundred were shorter.'),
  gauge('nodejs.eventloop.delay.max', 's', 'The longest.'),
  gauge(
    'nodejs.eventloop.utilization',
    '1',
    'Share of the time since the last collection in which the event loop was busy.',
  ),
  gauge('v8js.memory.heap.used', 'By', 'Heap in use, by space.', 'v8js.heap.space.name'),
  gauge('v8js.memory.heap.max', 'By', 'The most that the heap may grow to.'),
  gauge('process.memory.usage', 'By', 'Physical memory in use.'),
  counter('process.cpu.time', 's', 'CPU time, by mode: `user`, `system`.', 'cpu.mode'),
  gauge('process.uptime', 's', 'How long the process has been running.'),
];

/** In the order in which they are documented. */
export const CATALOGUE_PARTS: readonly { readonly title: string; readonly instruments: readonly Instrument[] }[] = [
  { title: 'Engine', instruments: ENGINE_INSTRUMENTS },
  { title: 'Recommendations', instruments: RECOMMENDER },
  { title: 'Endpoint', instruments: SERVING },
  { title: 'Redis', instruments: REDIS },
  { title: 'Probe', instruments: PROBE },
  { title: 'Process', instruments: PROCESS },
];

export const CATALOGUE: readonly Instrument[] = CATALOGUE_PARTS.flatMap(({ instruments }) => instruments);
