// `freshet simulate`: a simulated shop's events as JSON lines. The same seed gives the same file.

import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createShop, type SimulatedEvent } from '../../tools/simulator/index.ts';

export interface SimulateOptions {
  /** Number of events after the catalog's. */
  readonly events: number;
  readonly seed: number;
  /** A path, or `-` for standard output. */
  readonly out: string;
  readonly eventsPerSecond: number;
  /** Share of deliberately bad events, 0 to 1. */
  readonly bad: number;
}

/** 2026-01-05 08:00 UTC, a Monday: fixed, so that the file depends on the seed alone. */
const START_AT_MS = Date.UTC(2026, 0, 5, 8);
const LINES_PER_CHUNK = 500;

function* chunks(options: SimulateOptions): Generator<string> {
  const shop = createShop({
    seed: options.seed,
    startAtMs: START_AT_MS,
    eventsPerSecond: options.eventsPerSecond,
    badEventShare: options.bad,
  });
  const lineOf = ({ topic, key, value }: SimulatedEvent) => `${JSON.stringify({ topic, key, value })}\n`;
  yield shop.catalogEvents().map(lineOf).join('');
  const events = shop.events();
  let chunk = '';
  for (let count = 1; count <= options.events; count++) {
    chunk += lineOf(events.next().value);
    if (count % LINES_PER_CHUNK === 0 || count === options.events) {
      yield chunk;
      chunk = '';
    }
  }
}

export async function simulate(options: SimulateOptions, signal: AbortSignal): Promise<void> {
  const source = Readable.from(chunks(options));
  if (options.out === '-') await pipeline(source, process.stdout, { end: false, signal });
  else {
    await pipeline(source, createWriteStream(options.out), { signal });
    process.stderr.write(`${options.events} events and the catalog are in ${options.out}\n`);
  }
}
