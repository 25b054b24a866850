// The product's own topology on the reference workload's events: each click becomes one event of the shop's contracts, a purchase an
// order of one line. The catalog has been worked off before. Everything else is as in the figures of production: processes of their own,
// default settings but for `FRESHET_THREADS`, every event counted once, and every visitor's list knows the visitor's last event.

import type { SimulatedEvent } from '../tools/simulator/index.ts';
import { Run, type RunOptions } from './application.ts';
import { poll } from './poll.ts';
import type { Click } from './reference/click.ts';
import { type WorkedOff, workOff } from './scenario-throughput.ts';
import { loadWorkload } from './workload.ts';

const BULK = 2_000;
/** As many as the workload's clusters, whose items it numbers in turn. */
const CATEGORIES = 200;
const LONGEST_CATALOG_MS = 600_000;

export interface ProductRunOptions extends RunOptions {
  /** The folder of `workload.mjs`. */
  readonly workload: string;
  readonly events: number;
  /** With the settings of an instance that has so many threads. */
  readonly processes: number;
}

/** @throws {Error} when an answer is wrong. */
export async function productRun(options: ProductRunOptions): Promise<WorkedOff> {
  const { events, processes } = options;
  const { DEFAULTS, clicks } = await loadWorkload(options.workload);
  const run = await Run.open(options, { FRESHET_THREADS: String(processes) });
  try {
    const batch: SimulatedEvent[] = [];
    const send = async (event: SimulatedEvent) => {
      if (batch.push(event) === BULK) await run.sender.send(batch.splice(0));
    };
    for (let item = 0; item < DEFAULTS.items; item++) await send(catalogEvent(item, DEFAULTS.startAt));
    await run.sender.send(batch.splice(0));
    await takeIn(run, processes, DEFAULTS.items);
    for (const click of clicks({ events })) await send(click.kind === 'purchase' ? order(click) : shopClick(click));
    await run.sender.send(batch);
    if (run.sender.total !== events) throw new Error(`${run.sender.total} events were sent, not ${events}`);
    return await workOff(run, processes);
  } finally {
    await run.close();
  }
}

/** Has the catalog worked off by all processes, so that the events alone are measured. */
async function takeIn(run: Run, processes: number, items: number): Promise<void> {
  for (let i = 1; i <= processes; i++) run.start(`engine-${i}`);
  const taken = () => run.instances.reduce((sum, { view }) => sum + (view?.records.catalog ?? 0), 0);
  await poll(
    'the catalog to be worked off',
    () => run.isSpread() && run.isDrained() && taken() >= items,
    LONGEST_CATALOG_MS,
  );
  await Promise.all(run.instances.splice(0).map((instance) => instance.stop()));
}

function catalogEvent(item: number, at: number): SimulatedEvent {
  const itemId = `i${String(item).padStart(6, '0')}`;
  return {
    topic: 'catalog',
    key: itemId,
    at,
    value: {
      eventId: `c${itemId}`,
      itemId,
      at,
      title: `Item ${item}`,
      description: null,
      categories: [`Category ${item % CATEGORIES}`],
      tags: [],
      brand: null,
      price: 1,
      currency: 'EUR',
      stock: null,
      image: null,
      attributes: {},
      validFrom: null,
      validTo: null,
      embedding: null,
    },
  };
}

function shopClick({ eventId, userId, itemId, kind, at, device }: Click): SimulatedEvent {
  return {
    topic: 'clicks',
    key: userId,
    at,
    value: {
      eventId,
      visitorId: userId,
      userId: null,
      sessionId: null,
      at,
      kind: kind === 'view' ? 'view' : 'addToCart',
      itemId,
      listId: null,
      placement: null,
      query: null,
      rating: null,
      dwellMs: null,
      quantity: null,
      device,
      region: null,
      referrer: null,
    },
  };
}

function order({ eventId, userId, itemId, at, device }: Click): SimulatedEvent {
  return {
    topic: 'purchases',
    key: userId,
    at,
    value: {
      eventId,
      orderId: eventId,
      visitorId: userId,
      userId: null,
      sessionId: null,
      at,
      status: 'placed',
      lines: [{ itemId, quantity: 1, unitPrice: 1, currency: 'EUR' }],
      device,
      region: null,
    },
  };
}
