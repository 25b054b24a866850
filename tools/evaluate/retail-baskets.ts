// `--format online-retail`: UCI Online Retail (Chen, Sain and Guo 2012, doi 10.1057/dbm.2012.17) as baskets. Used are lines with quantity
// and price above 0, of invoices that are not cancelled, with stock codes that begin with a digit; an item counts once in an
// invoice. Invoices come in the order of their times; the first part is only learned from.
//
// Of every later invoice is asked, before it is learned as one order:
// - next basket, of customers with an earlier invoice: what will be in it? Each distinct item is a target;
// - completion, given the first k = 1 to 10 lines in file order as put into the cart, of anonymous invoices too: line k + 1.

import type { Click, Purchase } from '../../schemas/index.ts';
import { type CsvRecord, CsvRecords } from '../replay/csv-records.ts';
import { linesOf } from '../replay/lines.ts';
import { categoryOf } from '../replay/online-retail-categories.ts';
import { ONLINE_RETAIL_COLUMNS, parseInvoiceDate } from '../replay/online-retail-row.ts';
import { ReplayFileError } from '../replay/reader.ts';
import { SourceFile } from '../replay/source-file.ts';
import { type AskStep, bareItem, clickOf, type DataSet, listing, ordered, type Step } from './steps.ts';

const CURRENCY = 'GBP';
/** Lines of a basket up to which its next line is asked for. */
const MOST_GIVEN = 10;
/** Items of earlier invoices that baselines are asked with. */
const QUERY_ITEMS = 10;

export interface BasketsInput {
  readonly file: string;
  /** Share of the invoices, the last ones, that are asked about. */
  readonly holdout: number;
  /** Most invoices that are learned before the first question, the last ones. */
  readonly limit: number;
  /** One invoice in so many is asked about. */
  readonly askEvery: number;
}

/** A line of an invoice. */
export interface BasketLine {
  readonly itemId: string;
  readonly title: string;
  readonly quantity: number;
  /** Pounds. */
  readonly unitPrice: number;
}

/** An invoice. */
export interface Basket {
  readonly invoice: string;
  /** Time of its first usable line, epoch ms. */
  readonly at: number;
  /** `undefined` for an anonymous one. */
  readonly customer: string | undefined;
  readonly country: string;
  /** Each item once, in file order. */
  readonly lines: BasketLine[];
}

/** Opens a file, plain or gzip. @throws {ReplayFileError} when it cannot be used. */
export async function openBaskets(input: BasketsInput): Promise<DataSet> {
  const all = await readBaskets(input.file);
  const learned = Math.floor(all.length * (1 - input.holdout));
  const from = Math.max(0, learned - input.limit);
  const baskets = all.slice(from);
  const progress = { done: 0 };
  return {
    name: `${input.file} (last ${all.length - learned} of ${all.length} invoices asked)`,
    protocol: 'test-then-train',
    doneShare: () => progress.done / Math.max(1, baskets.length),
    async *steps() {
      const listed = new Set<string>();
      const history = new Map<string, { invoices: number; items: string[] }>();
      for (progress.done = 0; progress.done < baskets.length; progress.done++) {
        const basket = baskets[progress.done]!;
        const steps: Step[] = [];
        for (const line of basket.lines)
          if (!listed.has(line.itemId)) steps.push(listing(catalogItem(line, basket.at)));
        for (const { itemId } of basket.lines) listed.add(itemId);
        const before = basket.customer === undefined ? undefined : history.get(basket.customer);
        const asked = progress.done - (learned - from);
        if (asked >= 0 && asked % input.askEvery === 0) steps.push(...questions(basket, before));
        steps.push(order(basket));
        yield steps;
        if (basket.customer === undefined) continue;
        const items = [...(before?.items ?? []), ...basket.lines.map(({ itemId }) => itemId)].slice(-QUERY_ITEMS);
        history.set(basket.customer, { invoices: (before?.invoices ?? 0) + 1, items });
      }
    },
  };
}

/** Baskets of a file in the order of their times. @throws {ReplayFileError} when it is no such file. */
export async function readBaskets(path: string): Promise<Basket[]> {
  const file = await SourceFile.open(path);
  const csv = new CsvRecords();
  const records: CsvRecord[] = [];
  const baskets = new Map<string, Basket>();
  let isFirst = true;
  const take = () => {
    for (const record of records) {
      if (!isFirst) addLine(record, baskets);
      else if (record.fields?.map((name) => name.trim()).join() !== ONLINE_RETAIL_COLUMNS.join())
        throw new ReplayFileError(`${path}: its first line must be ${ONLINE_RETAIL_COLUMNS.join()}`);
      isFirst = false;
    }
    records.length = 0;
  };
  for await (const lines of linesOf(file.chunks())) {
    csv.add(lines, records);
    take();
  }
  csv.end(records);
  take();
  if (baskets.size === 0) throw new ReplayFileError(`there is no usable invoice in ${path}`);
  return [...baskets.values()].sort((a, b) => a.at - b.at);
}

function addLine({ fields }: CsvRecord, baskets: Map<string, Basket>): void {
  if (fields?.length !== ONLINE_RETAIL_COLUMNS.length) return;
  const [invoice, code, description, quantityText, date, price, customer, country] = fields.map((field) =>
    field.trim(),
  ) as [string, string, string, string, string, string, string, string];
  const quantity = Number(quantityText);
  const unitPrice = Number(price);
  const at = parseInvoiceDate(date);
  const isUsed = !invoice.startsWith('C') && /^\d/.test(code) && quantity > 0 && unitPrice > 0;
  if (!isUsed || at === undefined) return;
  let basket = baskets.get(invoice);
  if (basket === undefined) {
    basket = { invoice, at, customer: customer === '' ? undefined : customer, country, lines: [] };
    baskets.set(invoice, basket);
  }
  // The file writes some codes with both a small and a capital letter.
  const itemId = code.toUpperCase();
  if (basket.lines.some((line) => line.itemId === itemId)) return;
  const title = description.replace(/\s+/g, ' ');
  basket.lines.push({ itemId, title: title === '' ? itemId : title, quantity, unitPrice });
}

function questions(basket: Basket, before: { invoices: number; items: string[] } | undefined): AskStep[] {
  const items = basket.lines.map(({ itemId }) => itemId);
  const visitorId = before === undefined ? undefined : visitorOf(basket);
  const { at } = basket;
  const asked: AskStep[] = [];
  if (before !== undefined) {
    const { invoices, items: query } = before;
    asked.push({
      kind: 'ask',
      task: 'next basket',
      visitorId,
      since: [],
      at,
      targets: items,
      history: invoices,
      query,
    });
  }
  const cart: Click[] = [];
  for (let given = 1; given <= MOST_GIVEN && given < items.length; given++) {
    const item = items[given - 1]!;
    cart.push(clickOf(visitorOf(basket), item, at, `${basket.invoice}.${given}`, 'addToCart', basket.invoice));
    const targets = [items[given]!];
    const query = items.slice(0, given);
    asked.push({ kind: 'ask', task: 'completion', visitorId, since: [...cart], at, targets, history: given, query });
  }
  return asked;
}

function order(basket: Basket): Step {
  const { invoice, at, lines, country } = basket;
  const value: Purchase = {
    eventId: `order:${invoice}`,
    orderId: invoice,
    visitorId: visitorOf(basket),
    userId: null,
    sessionId: invoice,
    at,
    status: 'placed',
    lines: lines.map(({ itemId, quantity, unitPrice }) => ({ itemId, quantity, unitPrice, currency: CURRENCY })),
    device: null,
    region: country === '' ? null : country,
  };
  return ordered(visitorOf(basket), value, { session: invoice, items: lines.map(({ itemId }) => itemId) });
}

function visitorOf({ customer, invoice }: Basket): string {
  return customer ?? `invoice:${invoice}`;
}

function catalogItem({ itemId, title, unitPrice }: BasketLine, at: number) {
  return { ...bareItem(itemId, at), title, categories: [categoryOf(title)], price: unitPrice, currency: CURRENCY };
}
