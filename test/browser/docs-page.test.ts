// The page of the endpoint's contract in a real browser.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { LIST_ROUTES } from '../../serving/route-table.ts';
import { startContractShop } from '../support/contract-shop.ts';
import { CHROMIUM, needsChromium } from '../support/requires.ts';

/** Generous: the machine may be busy, and nothing here measures speed. */
const PATIENCE_MS = 180_000;

async function open(t: TestContext, width = 1_000): Promise<{ page: Page; url: string; complaints: string[] }> {
  const { url } = await startContractShop(t);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width, height: 800 } });
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asks ${request.url()}`);
  });
  await page.goto(`${url}/docs`);
  return { page, url, complaints };
}

describe('the page of the contract', needsChromium(), () => {
  test('shows every address with its parameters, styled, without a script and without a complaint', async (t) => {
    const { page, complaints } = await open(t);
    assert.match((await page.title()) ?? '', /Freshet/);
    for (const { name, path, parameters } of LIST_ROUTES) {
      const section = page.locator(`section#${name}`);
      assert.equal((await section.locator('h3').innerText()).replaceAll(/\s+/g, ' '), `GET ${path}`);
      await section.locator('summary').first().click();
      const table = await section.locator('table').first().innerText();
      for (const parameter of parameters) assert.ok(table.includes(parameter), `${parameter} of ${path}`);
    }
    assert.equal(await page.locator('script').count(), 0);
    // The style's hash in the policy is right, or the browser would not have taken it.
    assert.equal(await page.evaluate('getComputedStyle(document.body).maxWidth'), '960px');
    assert.deepEqual(complaints, []);
  });

  test('every link within it leads somewhere', async (t) => {
    const { page } = await open(t);
    const broken = await page.evaluate(
      `[...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute('href').slice(1)).filter((id) => document.getElementById(id) === null)`,
    );
    assert.deepEqual(broken, []);
  });

  test('an address without an id can be tried from it', async (t) => {
    const { page, url } = await open(t);
    await page.locator('section#popular h3 a').click();
    await page.waitForURL(`${url}/v1/popular`);
    assert.match(await page.locator('body').innerText(), /"placement":"popular-items"/);
  });

  test('a problem’s type leads to its place on the page', async (t) => {
    const { page, url } = await open(t);
    await page.goto(`${url}/problems/nothing-own`);
    await page.waitForURL(`${url}/docs#problem-nothing-own`);
    assert.ok(await page.locator('#problem-nothing-own').isVisible());
  });

  test('on a phone nothing sticks out', async (t) => {
    const { page } = await open(t, 360);
    for (const summary of await page.locator('summary').all()) await summary.click();
    const [inner, scroll] = (await page.evaluate(
      '[document.documentElement.clientWidth, document.documentElement.scrollWidth]',
    )) as [number, number];
    assert.ok(scroll <= inner, `${scroll} px of content in ${inner} px`);
  });
});
