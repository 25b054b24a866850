// The page with made-up ports behind it: a real endpoint over lists in memory, and a small rule in place of the engine (what is looked
// at brings its neighbours). For tests of the page alone, and to look at it: `node test/support/console-fake.ts [port]`.
import { randomUUID } from 'node:crypto';
import type { EngineView, RefusedView, TopologyNode } from '../../app/console/engine-view.ts';
import type { Shop, ShopProduct } from '../../app/console/ports.ts';
import { createConsoleRouter } from '../../app/console/router.ts';
import type { ShopEvent } from '../../app/console/shop-event.ts';
import { silentLogger, silentMetrics, systemClock } from '../../engine/api/index.ts';
import { type AsOf, type ListItem, listKey, type Reason } from '../../lists/index.ts';
import { createServingApp, type HttpServer, startHttpServer } from '../../serving/index.ts';
import { buildCatalog, type Product } from '../../tools/simulator/catalog.ts';
import { createMemoryLists } from './memory-lists.ts';

/** Time from a taken event to the new list: what the real engine needs, about. */
const ENGINE_DELAY_MS = 25;

const NODES: readonly TopologyNode[] = [
  ...['clicks', 'purchases', 'impressions', 'visitors', 'privacy', 'catalog', 'campaigns', 'settings'].map(
    (name): TopologyNode => ({ name, kind: 'source' }),
  ),
  ...['pair-deltas', 'segment-deltas', 'neighbours'].map((name): TopologyNode => ({ name, kind: 'topic' })),
  ...['users', 'items', 'popularity', 'item-cards'].map((name): TopologyNode => ({ name, kind: 'processor' })),
  ...['profiles', 'rows', 'segments'].map((name): TopologyNode => ({ name, kind: 'store' })),
  ...['catalog-items', 'active-campaigns', 'known-neighbours'].map(
    (name): TopologyNode => ({ name, kind: 'global-store' }),
  ),
  { name: 'lists', kind: 'sink' },
];
const EDGES =
  `clicks>users purchases>users impressions>users visitors>users privacy>users profiles>users users>pair-deltas
  users>segment-deltas users>lists pair-deltas>items rows>items items>lists items>neighbours neighbours>known-neighbours
  known-neighbours>users catalog>catalog-items catalog-items>users campaigns>active-campaigns active-campaigns>users
  catalog>item-cards item-cards>lists segment-deltas>popularity segments>popularity popularity>lists settings>users`
    .split(/\s+/)
    .map((edge) => ({ from: edge.split('>')[0]!, to: edge.split('>')[1]! }));

export interface ConsoleFake extends AsyncDisposable {
  readonly server: HttpServer;
  /** What the intake took, in order. */
  readonly events: ShopEvent[];
}

function asShopProduct(product: Product): ShopProduct {
  const { id, title, description, department, shelf, brand, price, stock } = product;
  return { id, title, description, categories: [department, shelf], brand, price, currency: 'GBP', stock };
}

/** Starts it on a free port of the loopback, or on `port`. */
export async function startConsoleFake(port = 0): Promise<ConsoleFake> {
  const { products, shelves } = buildCatalog(7);
  /** One of each shelf, then the next of each: a shop window shows some of everything. */
  const window = [...products].sort(
    (a, b) => (a.index % 13) - (b.index % 13) || ((a.index * 29) % 650) - ((b.index * 29) % 650),
  );
  const byId = new Map(products.map((product) => [product.id, product]));
  const lists = createMemoryLists();
  const events: ShopEvent[] = [];
  const refused: RefusedView[] = [];
  const weights = new Map<string, Map<string, { score: number; reason: Omit<Reason, 'part'> }>>();
  const bought = new Map<string, string[]>();
  const startedMs = Date.now();
  let rate = 600;
  let offset = 0;

  const asOf = (at: number, eventId: string): AsOf => ({
    at,
    topic: 'clicks',
    partition: 1,
    offset: ++offset,
    eventIds: [eventId],
  });
  const items = (indexes: readonly number[], reason: Omit<Reason, 'part'>): ListItem[] =>
    indexes.map((index, i) => {
      const score = 1 / (i + 2);
      return { id: products[index]!.id, score, reasons: [{ ...reason, part: score }] };
    });

  const publishShared = async (): Promise<void> => {
    const now = asOf(Date.now() - 20, randomUUID());
    const turn = Math.floor(Date.now() / 4_000);
    const some = (step: number): number[] =>
      Array.from({ length: 20 }, (_, i) => ((i + turn) * step) % products.length);
    const put = (name: string, segment: string, indexes: number[]): Promise<void> => {
      const kind = name === 'trending' ? 'trending' : 'popular';
      return lists.list(listKey('segment', name, 'default', segment), items(indexes, { kind, segment }), now);
    };
    await put('popular', 'global', shelves.map((shelf) => shelf[0]!).slice(0, 30));
    await put('trending', 'global', some(37));
  };
  for (const product of products)
    await lists.card({
      id: product.id,
      title: product.title,
      categories: [product.department, product.shelf],
      brand: product.brand,
      price: product.price,
      currency: 'GBP',
    });
  await publishShared();
  const shared = setInterval(() => void publishShared(), 2_000);

  const react = async (event: Exclude<ShopEvent, { kind: 'bad' }>, eventId: string): Promise<void> => {
    const scores = weights.get(event.visitorId) ?? new Map();
    weights.set(event.visitorId, scores);
    const mine = bought.get(event.visitorId) ?? [];
    bought.set(event.visitorId, mine);
    const seeds =
      event.kind === 'purchase' ? event.lines.map((line) => line.itemId) : 'itemId' in event ? [event.itemId] : [];
    if (event.kind === 'purchase') mine.push(...seeds);
    if (event.kind === 'dislike') mine.push(event.itemId);
    for (const score of scores.values()) score.score *= 0.8;
    const kinds = { addToCart: 'carted', purchase: 'bought', wishlist: 'wished' } as const;
    const kind = event.kind in kinds ? kinds[event.kind as keyof typeof kinds] : 'viewed';
    for (const seed of seeds) {
      const product = byId.get(seed);
      if (product === undefined) continue;
      const reason = { kind, itemId: seed, title: product.title };
      [...product.related, ...product.complements].forEach((index, i) => {
        scores.set(products[index]!.id, { score: 2 - i / 10, reason });
      });
      const now = asOf(event.at, eventId);
      const of = (name: string): string => listKey('item', name, 'default', seed);
      const { title } = product;
      await lists.list(of('similar'), items(product.related, { kind: 'similar', itemId: seed, title }), now);
      const together = { kind: 'bought-together', itemId: seed, title } as const;
      await lists.list(of('bought-together'), items(product.complements, together), now);
    }
    const sorted = [...scores].sort((a, b) => b[1].score - a[1].score).slice(0, 30);
    await lists.blockForVisitor(event.visitorId, mine);
    await lists.list(
      listKey('visitor', 'for-you', 'default', event.visitorId),
      sorted.map(([id, { score, reason }]) => ({ id, score, reasons: [{ ...reason, part: score }] })),
      asOf(event.at, eventId),
    );
  };

  const shop: Shop = {
    catalog: {
      categories: () =>
        [...new Set(products.map((product) => product.department))].map((name) => ({
          name,
          count: products.filter((product) => product.department === name).length,
        })),
      find({ category, query, skip, limit }) {
        const words = (query ?? '').toLowerCase().split(/\s+/);
        const found = window.filter(
          (product) =>
            (category === undefined || product.department === category || product.shelf === category) &&
            words.every((word) =>
              `${product.title} ${product.department} ${product.shelf}`.toLowerCase().includes(word),
            ),
        );
        return { products: found.slice(skip, skip + limit).map(asShopProduct), total: found.length };
      },
      product(id) {
        const product = byId.get(id);
        return product === undefined ? undefined : asShopProduct(product);
      },
    },
    async accept(event) {
      const eventId = randomUUID();
      events.push(event);
      if (event.kind === 'bad') {
        const text = `The event is refused: ${event.fault.replaceAll('-', ' ')}.`;
        refused.unshift({ at: event.at, topic: 'clicks', partition: 2, offset: ++offset, code: event.fault, text });
      } else {
        setTimeout(() => void react(event, eventId), ENGINE_DELAY_MS);
      }
      return { eventId };
    },
    setRate(eventsPerSecond) {
      rate = eventsPerSecond;
    },
  };

  const engine = (): EngineView => {
    const wobble = (of: number): number => of * (0.85 + 0.3 * Math.random());
    const seconds = (Date.now() - startedMs) / 1000;
    const shares: Readonly<Record<string, number>> = {
      clicks: 0.7,
      impressions: 0.2,
      purchases: 0.04,
      catalog: 0.01,
      'pair-deltas': 1.6,
      'segment-deltas': 0.9,
      neighbours: 0.3,
    };
    return {
      status: 'RUNNING',
      mode: 'embedded, simulated shop',
      uptimeMs: Date.now() - startedMs,
      streams: Object.entries(shares).map(([topic, share]) => ({
        topic,
        isInternal: topic.endsWith('-deltas') || topic === 'neighbours',
        records: Math.round(rate * share * seconds),
        perSecond: wobble(rate * share),
        lag: Math.round(Math.random() * 9),
      })),
      latency: { p50Ms: wobble(26), p99Ms: wobble(71), count: 1000, windowMs: 10_000 },
      // The longest names that there are, for narrow windows.
      quality: ['learned-1', 'f2-1', 'f1-1-plain'].map((algorithm) => ({
        algorithm,
        hitRate: 0.531,
        mrr: 0.189,
        looks: 1234.5,
      })),
      stores: ['profiles', 'rows', 'segments', 'catalog-items', 'active-campaigns', 'known-neighbours'].map(
        (store, i) => ({
          store,
          keys: 31_000 - i * 5_000,
          bytes: 9_400_000 / (i + 1),
          cacheBytes: 2_100_000 / (i + 1),
        }),
      ),
      topology: { nodes: NODES, edges: EDGES },
      refused: refused.slice(0, 20),
      counters: { 'records.duplicate': 3, 'records.late': 0 },
      process: { rssBytes: 231_000_000, cpuPercent: wobble(34), eventLoopDelayP99Ms: wobble(11) },
      shop: { eventsPerSecond: rate },
    };
  };

  const page = createConsoleRouter({ engine, shop, clock: systemClock, logger: silentLogger });
  const app = createServingApp({
    lists: lists.store,
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    readiness: () => ({ isReady: true }),
    routers: [page.router],
  });
  await app.open();
  const server = await startHttpServer({ handler: app.handler, host: '127.0.0.1', port });
  return {
    server,
    events,
    async [Symbol.asyncDispose]() {
      clearInterval(shared);
      page.close();
      await server.stop();
      await app.close();
    },
  };
}

if (import.meta.main) {
  const fake = await startConsoleFake(Number(process.argv[2] ?? 0));
  console.log(fake.server.url);
}
