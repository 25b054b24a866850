// The page in a real browser. The whole suite runs twice: over made-up ports (the page alone) and over the real engine.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { EngineView } from '../../app/console/engine-view.ts';
import type { ShopProduct } from '../../app/console/ports.ts';
import { startConsoleFake } from '../support/console-fake.ts';
import { CHROMIUM, needsChromium } from '../support/requires.ts';
import { startShopProcess } from '../support/shop-process.ts';

/** Generous: the machine may be busy, and nothing here measures speed. */
const PATIENCE_MS = 180_000;
/** Events a second while the page is looked at. */
const QUIET_RATE = 20;

/** Waits until so many clicks have gone through the engine that most products have neighbours, then slows the shoppers down. */
async function hasLearnt(url: string): Promise<void> {
  const deadline = AbortSignal.timeout(400_000);
  for (;;) {
    const view = (await (await fetch(`${url}/console/engine`, { signal: deadline })).json()) as EngineView;
    if ((view.streams.find(({ topic }) => topic === 'clicks')?.records ?? 0) > 5_000) break;
    await setTimeout(200, undefined, { signal: deadline });
  }
  await setRate(url, QUIET_RATE);
}

async function setRate(url: string, eventsPerSecond: number): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/shop/rate`, { method: 'POST', headers, body: JSON.stringify({ eventsPerSecond }) });
}

/** Script: the first card of the similar products that is among the recommended ones too. */
const CARD_IN_BOTH = `[...document.querySelectorAll('#similar .card')].find((card) =>
  document.querySelector('#for-you [data-item="' + card.dataset.item + '"]'))`;

const SERVERS: readonly [string, () => Promise<AsyncDisposable & { readonly url: string }>][] = [
  [
    'the page over made-up ports',
    async () => {
      const fake = await startConsoleFake();
      return { url: fake.server.url, [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose]() };
    },
  ],
  [
    'the page over the real engine',
    async () => {
      const shop = await startShopProcess({
        FRESHET_DEMO_EVENTS_PER_SECOND: '400',
        // What is left of the machine is for the browser.
        FRESHET_REFRESH_LISTS_PER_SECOND: '10',
      });
      await hasLearnt(shop.url);
      return shop;
    },
  ],
];

for (const [name, startServer] of SERVERS) {
  describe(name, needsChromium(), () => {
    let server: Awaited<ReturnType<typeof startServer>>;
    let browser: Browser;

    before(async () => {
      server = await startServer();
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    });
    after(async () => {
      await browser?.close();
      await server?.[Symbol.asyncDispose]();
    });

    /** A page of a new visitor, and everything that it complained of or asked another host for. */
    async function open(
      t: { after(callback: () => Promise<void>): void },
      viewport = { width: 1400, height: 900 },
    ): Promise<{ page: Page; complaints: string[] }> {
      const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
      t.after(() => context.close());
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(server.url)) complaints.push(`asks ${request.url()}`);
      });
      await page.goto(server.url);
      await page.locator('.grid .card').first().waitFor();
      return { page, complaints };
    }

    /** Has the page's visitor look at an item, somewhere else than on the page, and waits until the page has read the new list. */
    async function lookElsewhere(page: Page, itemId: string): Promise<void> {
      const [visitorId, sessionId] = await page.evaluate<[string, string]>(
        "[localStorage.getItem('freshet.visitor'), sessionStorage.getItem('freshet.session')]",
      );
      const { promise: eventId, resolve } = Promise.withResolvers<string>();
      const read = page.waitForResponse(
        async (response) =>
          response.url().includes('/recommendations') &&
          response.status() === 200 &&
          ((await response.json()) as { asOf?: { eventIds: string[] } }).asOf?.eventIds.includes(await eventId) ===
            true,
      );
      const response = await fetch(`${server.url}/shop/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'view', itemId, visitorId, sessionId }),
      });
      resolve(((await response.json()) as { eventId: string }).eventId);
      await read;
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    }

    /** `#section item` of the card that has the focus. */
    const focused = (page: Page): Promise<string> =>
      page.evaluate(`(() => {
        const link = document.activeElement;
        return '#' + link.closest('section')?.id + ' ' + link.closest('li')?.dataset.item;
      })()`);

    const gridItem = async (page: Page, index: number): Promise<string> =>
      (await page.locator('.grid .card').nth(index).getAttribute('data-item')) ?? '';

    const reasons = (page: Page): Promise<string[]> => page.locator('#for-you .reason').allTextContents();

    test('it loads without an error, and asks no other host', async (t) => {
      const { page, complaints } = await open(t);
      await page.locator('#engine-status[data-ok="true"]').waitFor();
      await page.locator('#trending .card').first().waitFor();
      await page.locator('svg.topology .node').first().waitFor();
      assert.deepEqual(complaints, []);
      assert.equal(await page.locator('h1').count(), 1);
    });

    test('a look at a product changes the visitor’s list, which says why and how fresh it is', async (t) => {
      const { page } = await open(t);
      const card = page.locator('.grid .card').nth(1);
      const title = (await card.locator('.card-title').textContent()) ?? '';
      await card.locator('a').click();
      await page
        .locator('#for-you .reason', { hasText: `Because you viewed ${title}` })
        .first()
        .waitFor();
      await page.locator('#for-you .latency', { hasText: /^Updated [\d,]+ ms after your click$/ }).waitFor();
      const age = page.locator('#for-you .age', { hasText: /^[\d,]+ ms old$/ });
      const before = (await age.textContent()) ?? '';
      await page.locator('#for-you .age', { hasText: / old$/, hasNotText: before }).waitFor();
    });

    test('what is bought leaves the cart and the recommendations', async (t) => {
      const { page } = await open(t);
      await page.locator('.grid .card a').nth(2).click();
      const recommended = page
        .locator('#for-you .card', { has: page.locator('.reason', { hasText: 'Because you viewed' }) })
        .first();
      const itemId = await recommended.getAttribute('data-item');
      await recommended.locator('a').click();
      await page.locator(`.product[data-item="${itemId}"]`).waitFor();
      await page.locator('#add-to-cart').click();
      await page.locator('#cart-count', { hasText: '1' }).waitFor();
      await page.locator('.cart-link').click();
      await page.locator('.lines li').waitFor();
      await page.locator('#buy').click();
      await page.locator('.thanks').waitFor();
      await page.locator('#for-you .latency', { hasText: 'after your order' }).waitFor();
      assert.equal(await page.locator('#cart-count').textContent(), '0');
      await page.locator(`#for-you [data-item="${itemId}"]`).waitFor({ state: 'detached' });
      assert.ok((await reasons(page)).length > 0);
    });

    test('a new visitor starts without a past', async (t) => {
      const { page } = await open(t);
      await page.locator('.grid .card a').first().click();
      await page.locator('#for-you .reason', { hasText: 'Because you viewed' }).first().waitFor();
      const name = await page.locator('#visitor-name').textContent();
      await page.locator('#new-visitor').click();
      await page.locator('#for-you .reason', { hasText: 'you viewed' }).first().waitFor({ state: 'detached' });
      assert.notEqual(await page.locator('#visitor-name').textContent(), name);
    });

    test('a bad event appears among the refused ones with its code', async (t) => {
      const { page } = await open(t);
      for (const fault of ['missing-item', 'future', 'unreadable']) {
        const mark = await page.locator('#refused').getAttribute('data-mark');
        await page.locator('#fault').selectOption(fault);
        await page.locator('#send-bad').click();
        await page.locator(`#refused:not([data-mark="${mark}"])`).waitFor();
        assert.match((await page.locator('#refused .code').first().textContent()) ?? '', /^[a-z-]+$/);
      }
    });

    test('the keyboard alone reaches a product, the cart and the order', async (t) => {
      const { page } = await open(t);
      await page.keyboard.press('Tab');
      await page.locator('.skip:focus', { hasText: 'Skip to the shop' }).waitFor();
      await page.keyboard.press('Enter');
      await page.locator('#main:focus').waitFor();
      const tabTo = async (selector: string): Promise<void> => {
        for (let i = 0; i < 120; i++) {
          if ((await page.locator(`${selector}:focus`).count()) > 0) return;
          await page.keyboard.press('Tab');
        }
        assert.fail(`Tab does not reach ${selector}`);
      };
      await tabTo('.grid .card a');
      await page.keyboard.press('Enter');
      await page.locator('.product h1').waitFor();
      await page.locator('.product h1:focus').waitFor();
      await tabTo('#add-to-cart');
      await page.keyboard.press('Enter');
      await page.locator('#cart-count', { hasText: '1' }).waitFor();
      await page.locator('.skip').first().focus();
      await tabTo('.cart-link');
      await page.keyboard.press('Enter');
      await page.locator('.lines li').waitFor();
      await tabTo('#buy');
      await page.keyboard.press('Space');
      await page.locator('.thanks').waitFor();
      await page.locator('#cart-text:focus').waitFor();
    });

    test('the focus stays on its card while the list is drawn anew, and never goes to another list', async (t) => {
      const { page, complaints } = await open(t);
      const others = await Promise.all([5, 9, 12].map((index) => gridItem(page, index)));
      await page.locator('.grid .card a').first().click();
      // Not `waitForFunction`: the page's policy forbids the evaluation that it needs.
      const deadline = AbortSignal.timeout(PATIENCE_MS);
      while (!(await page.evaluate(`${CARD_IN_BOTH} !== undefined`))) {
        await setTimeout(50, undefined, { signal: deadline });
      }
      await page.evaluate(`${CARD_IN_BOTH}.firstElementChild.focus()`);
      await lookElsewhere(page, others[0]!);
      assert.match(await focused(page), /^#similar [^ ]+$/);

      const last = page.locator('#for-you .card a').last();
      await last.focus();
      for (const other of others.slice(1)) {
        const before = await focused(page);
        await lookElsewhere(page, other);
        const after = await focused(page);
        const [, itemId] = before.split(' ');
        if ((await page.locator(`#for-you [data-item="${itemId}"]`).count()) > 0) assert.equal(after, before);
        else assert.match(after, /^#for-you (?!undefined)/);
      }
      assert.deepEqual(complaints, []);
    });

    test('a slow press opens its product although the list has changed meanwhile', async (t) => {
      const { page } = await open(t);
      const others = await Promise.all([5, 9].map((index) => gridItem(page, index)));
      await lookElsewhere(page, others[0]!);
      const card = page.locator('#for-you .card').nth(1);
      const itemId = await card.getAttribute('data-item');
      await card.locator('a').hover();
      await page.mouse.down();
      await lookElsewhere(page, others[1]!);
      await page.mouse.up();
      await page.locator(`.product[data-item="${itemId}"]`).waitFor();
    });

    test('a row that shows its first items shows the new first ones, though its old first one moves to the end', async (t) => {
      const { page } = await open(t);
      await lookElsewhere(page, await gridItem(page, 5));
      let isTurned = false;
      await page.route('**/recommendations?*', async (route) => {
        const { 'if-none-match': _, ...headers } = route.request().headers();
        const response = await route.fetch({ headers });
        const list = (await response.json()) as { items: unknown[] };
        if (isTurned) list.items.push(list.items.shift());
        await route.fulfill({ response, json: list });
      });
      const firstItem = (): Promise<string | null> => page.locator('#for-you .card').first().getAttribute('data-item');
      const before = await firstItem();
      isTurned = true;
      const deadline = AbortSignal.timeout(PATIENCE_MS);
      while ((await firstItem()) === before) await setTimeout(50, undefined, { signal: deadline });
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      assert.deepEqual(
        await page.evaluate(`(({ scrollLeft, scrollWidth, clientWidth }) => [scrollLeft, scrollWidth > clientWidth])(
          document.querySelector('#for-you-items'))`),
        [0, true],
      );
    });

    test('a list that is read anew and shows the same is left alone', async (t) => {
      const { page } = await open(t);
      const itemId = await gridItem(page, 5);
      await lookElsewhere(page, itemId);
      await lookElsewhere(page, itemId);
      const texts = (): Promise<string[]> => page.locator('#for-you .card').allTextContents();
      const before = await texts();
      await page.evaluate(`window.mutations = 0;
        new MutationObserver((records) => { window.mutations += records.length; })
          .observe(document.querySelector('#for-you-items'), { subtree: true, childList: true, attributes: true });`);
      await lookElsewhere(page, itemId);
      const isSame = (await texts()).join() === before.join();
      assert.equal((await page.evaluate('window.mutations')) === 0, isSame);
      if (name === SERVERS[0]![0]) assert.ok(isSame);
    });

    test('what trends in a category is of that category', async (t) => {
      const { page } = await open(t);
      const link = page.locator('.categories a').nth(1);
      const category = (await link.textContent()) ?? '';
      await link.click();
      await page.locator('h2', { hasText: `Trending in ${category}` }).waitFor();
      await page.locator('#trending :is(.card, .quiet:not([hidden]))').first().waitFor();
      const ids = await page.locator('#trending a').evaluateAll((links) => links.map((each) => String(each)));
      for (const href of ids) {
        const product = (await (await fetch(href.replace('#/item/', 'console/catalog/'))).json()) as ShopProduct;
        assert.ok(product.categories.includes(category), product.title);
      }
    });

    test('while updates are paused only the visitor’s own clicks change the rows', async (t) => {
      const { page } = await open(t);
      await page.clock.install();
      await page.reload();
      await page.locator('#for-you .card').first().waitFor();
      await page.locator('#trending .card').first().waitFor();
      await page.locator('#pause-updates').focus();
      await page.keyboard.press('Space');
      assert.equal(await page.locator('#pause-updates').getAttribute('aria-pressed'), 'true');
      await page.locator('#trending .age', { hasText: 'paused' }).waitFor();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.clock.runFor(10_000);
      assert.deepEqual(
        asked.filter((url) => url.includes('/v1/')),
        [],
      );
      await page.clock.resume();
      await page.locator('.grid .card a').nth(1).click();
      await page.locator('#for-you .reason', { hasText: 'Because you viewed' }).first().waitFor();
      const rows = asked.filter((url) => /similar|bought-together/.test(url));
      assert.ok(rows.length > 0 && rows.every((url) => /[?&]visitor=/.test(url)));
    });

    test('a click that the engine takes up late changes the visitor’s list even so, while updates are paused', async (t) => {
      const { page } = await open(t);
      const itemId = await gridItem(page, 5);
      await page.locator('#pause-updates').click();
      await page.locator('#trending .age', { hasText: 'paused' }).waitFor();
      await page.clock.install();
      const eventId = 'no-event-yet';
      await page.route('**/shop/events', (route) => route.fulfill({ status: 202, json: { eventId, at: Date.now() } }), {
        times: 1,
      });
      await page.locator('.grid .card a').nth(1).click();
      await page.locator('.product h1').waitFor();
      await page.clock.runFor(5_000);
      // A later event of the visitor's stands for the one that never came.
      await lookElsewhere(page, itemId);
      await page.locator('#for-you .latency', { hasText: /^Updated [\d,]+ ms after your click$/ }).waitFor();
    });

    test('a newer list of what is popular is not taken for the answer to a click', async (t) => {
      const { page } = await open(t);
      const itemId = await gridItem(page, 5);
      await page.locator('#pause-updates').click();
      await page.locator('#trending .age', { hasText: 'paused' }).waitFor();
      await page.route('**/shop/events', (route) =>
        route.fulfill({ status: 202, json: { eventId: 'no-event-yet', at: Date.now() } }),
      );
      await page.route('**/recommendations?*', async (route) => {
        const { 'if-none-match': _, ...headers } = await route.request().allHeaders();
        const response = await route.fetch({ headers });
        const list = (await response.json()) as { asOf: object };
        await route.fulfill({
          response,
          json: { ...list, rung: 'global', asOf: { ...list.asOf, at: Date.now() + 60_000 } },
        });
      });
      const popular = page.waitForResponse((response) => response.url().includes('/recommendations?'));
      await page.locator('.grid .card a').nth(1).click();
      await popular;
      await page.waitForResponse((response) => response.url().includes('/recommendations?'));
      assert.equal(await page.locator('#for-you .latency').textContent(), '');
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await lookElsewhere(page, itemId);
      await page.locator('#for-you .latency', { hasText: /^Updated/ }).waitFor();
    });

    test('an address that cannot be read is said so once', async (t) => {
      const { page, complaints } = await open(t);
      await page.clock.install();
      await page.evaluate("location.hash = '#/item/%'");
      await page.locator('main .quiet', { hasText: 'leads nowhere' }).waitFor();
      await page.evaluate("document.querySelector('main').firstElementChild.dataset.seen = ''");
      await page.clock.runFor(10_000);
      assert.equal(await page.locator('main > [data-seen]').count(), 1);
      assert.deepEqual(complaints, []);
    });

    for (const width of [320, 390, 768, 900, 1150]) {
      test(`nothing is wider than the window at ${width} pixels`, async (t) => {
        const { page } = await open(t, { width, height: 800 });
        await page.locator('svg.topology .node').first().waitFor();
        const overflow = (): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth');
        assert.ok((await overflow()) <= 0, 'front page');
        await page.locator('.grid .card a').first().click();
        await page.locator('.product').waitFor();
        assert.ok((await overflow()) <= 0, 'product');
      });
    }

    test('the rate of events that is shown is the shop’s own', async (t) => {
      const { page } = await open(t);
      await setRate(server.url, 33);
      await page.locator('#rate-output', { hasText: /^33 events/ }).waitFor();
      await setRate(server.url, QUIET_RATE);
      await page.locator('#rate-output', { hasText: new RegExp(`^${QUIET_RATE} events`) }).waitFor();
      assert.equal(await page.locator('#rate').inputValue(), String(QUIET_RATE));
    });

    test('search finds products by their words', async (t) => {
      const { page } = await open(t);
      await page.locator('#search-text').fill('teapot');
      await page.keyboard.press('Enter');
      await page.locator('h1', { hasText: '“teapot”' }).waitFor();
      for (const title of await page.locator('.grid .card-title').allTextContents()) assert.match(title, /teapot/i);
    });
  });
}

test('the page says when the connection is lost, and when it is back', needsChromium(), async () => {
  let fake = await startConsoleFake();
  const { port, url } = fake.server;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(url);
    await page.locator('#engine-status[data-ok="true"]').waitFor();
    await fake[Symbol.asyncDispose]();
    await page.locator('#notice', { hasText: 'lost' }).waitFor();
    fake = await startConsoleFake(port);
    await page.locator('#notice').waitFor({ state: 'hidden' });
    await page.locator('#toast', { hasText: 'Connected again' }).waitFor();
  } finally {
    await browser.close();
    await fake[Symbol.asyncDispose]();
  }
});
