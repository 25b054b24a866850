// Reader of UCI Online Retail (Chen, Sain and Guo 2012, doi 10.1057/dbm.2012.17) as CSV. What becomes of the rows:
// - an invoice becomes one purchase in GBP, at the time of its first row; the same product twice in it becomes one line with the
//   pieces of both and their mean price, so that a line is a product;
// - a product's first row, and a row that writes its title otherwise than the row before, becomes a catalog event just before the order;
// - a row of a cancelled invoice (C...) takes pieces back from the order that order-ledger.ts finds: one event for each order;
// - exact duplicates within an invoice are used once; rows that cannot be used are refused (online-retail-row.ts).
// Every row ends in exactly one of: used in an order, used in a cancellation, duplicate, unmatched cancellation, refused.
import type { CatalogItem, OrderLine, Purchase } from '../../schemas/records.ts';
import { type CsvRecord, CsvRecords } from './csv-records.ts';
import { type Invoice, Invoices } from './invoices.ts';
import { linesOf } from './lines.ts';
import { categoryOf } from './online-retail-categories.ts';
import {
  ONLINE_RETAIL_COLUMNS,
  parseInvoiceDate,
  parseRow,
  type RetailRow,
  type RowRefusal,
  refuseShape,
} from './online-retail-row.ts';
import { OrderLedger } from './order-ledger.ts';
import { type ReaderCount, ReplayFileError, type ReplayReader, type ReplayStep } from './reader.ts';
import { SourceFile } from './source-file.ts';

const CURRENCY = 'GBP';

/** Opens a file, plain or gzip. @throws {ReplayFileError} when there is no such file. */
export async function openOnlineRetail(path: string): Promise<ReplayReader> {
  return new OnlineRetailReader(await SourceFile.open(path));
}

class OnlineRetailReader implements ReplayReader {
  readonly name = 'online-retail';
  readonly version = 1;
  readonly unit = 'rows';
  readonly #file: SourceFile;
  #run = new Run();

  constructor(file: SourceFile) {
    this.#file = file;
  }

  get fileName(): string {
    return this.#file.name;
  }

  get totalBytes(): number {
    return this.#file.totalBytes;
  }

  get bytesRead(): number {
    return this.#file.bytesRead;
  }

  get unitsRead(): number {
    return this.#run.rows;
  }

  fingerprint(): Promise<string> {
    return this.#file.fingerprint();
  }

  counts(): readonly ReaderCount[] {
    return this.#run.counts();
  }

  async *read(): AsyncGenerator<readonly ReplayStep[], void, undefined> {
    const run = new Run();
    this.#run = run;
    const csv = new CsvRecords();
    let isFirst = true;
    const records: CsvRecord[] = [];
    const take = (): ReplayStep[] => {
      const steps: ReplayStep[] = [];
      for (const record of records) {
        if (isFirst) checkHeader(record, this.fileName);
        else run.add(record, steps);
        isFirst = false;
      }
      records.length = 0;
      return steps;
    };
    for await (const lines of linesOf(this.#file.chunks())) {
      csv.add(lines, records);
      yield take();
    }
    csv.end(records);
    const last = take();
    if (isFirst) throw new ReplayFileError(`${this.fileName} is empty`);
    run.end(last);
    yield last;
  }
}

function checkHeader(record: CsvRecord, fileName: string): void {
  const names = record.fields?.map((name) => name.trim()) ?? [];
  if (names.join() === ONLINE_RETAIL_COLUMNS.join()) return;
  throw new ReplayFileError(
    `${fileName} is not an Online Retail file: its first line must be ${ONLINE_RETAIL_COLUMNS.join()}`,
  );
}

/** One pass over the rows. */
class Run {
  rows = 0;
  readonly #invoices = new Invoices();
  readonly #ledger = new OrderLedger();
  /** Title of each product as last written, and how many catalog events it has had. */
  readonly #titles = new Map<string, { title: string; versions: number }>();
  readonly #total = { ordered: 0, cancelled: 0, duplicates: 0, unmatched: 0, refused: 0, merged: 0 };
  #dateText = '';
  #dateAt: number | undefined;

  add(record: CsvRecord, steps: ReplayStep[]): void {
    this.rows += 1;
    const at = this.#timeOf(record);
    const misshapen = refuseShape(record, at);
    if (misshapen !== undefined) {
      this.#refuse(record, misshapen, steps);
      return;
    }
    const fields = record.fields!;
    const number = fields[0]!.trim();
    for (const invoice of this.#invoices.closedBy(number, at!)) this.#emit(invoice, steps);
    if (!this.#invoices.isNew(number, at!, record.line, record.raw)) {
      this.#total.duplicates += 1;
      steps.push({ kind: 'note', code: 'duplicate-row' });
      return;
    }
    const row = parseRow(fields, at!);
    if ('code' in row) this.#refuse(record, row, steps);
    else this.#invoices.add(row);
  }

  end(steps: ReplayStep[]): void {
    for (const invoice of this.#invoices.end()) this.#emit(invoice, steps);
  }

  counts(): readonly ReaderCount[] {
    const { ordered, cancelled, duplicates, unmatched, refused, merged } = this.#total;
    return [
      { label: 'rows read', count: this.rows },
      { label: 'rows used in orders', count: ordered },
      { label: 'rows used in cancellations', count: cancelled },
      { label: 'exact duplicates, used once', count: duplicates },
      { label: 'cancellations without a matching order', count: unmatched },
      { label: 'rows refused', count: refused },
      { label: 'rows merged into a line of the same order', count: merged },
    ];
  }

  /** Most rows have the date of the row before. */
  #timeOf(record: CsvRecord): number | undefined {
    const text = record.fields?.[4]?.trim();
    if (text === undefined) return undefined;
    if (text !== this.#dateText) {
      this.#dateText = text;
      this.#dateAt = parseInvoiceDate(text);
    }
    return this.#dateAt;
  }

  #refuse(record: CsvRecord, refusal: RowRefusal, steps: ReplayStep[]): void {
    this.#total.refused += 1;
    steps.push({ kind: 'refused', code: refusal.code, text: refusal.text, raw: record.raw, line: record.line });
  }

  #emit(invoice: Invoice, steps: ReplayStep[]): void {
    const first = invoice.rows[0];
    if (first === undefined) return;
    if (first.isCancellation) this.#emitCancellation(invoice, first, steps);
    else this.#emitOrder(invoice, first, steps);
  }

  #emitOrder(invoice: Invoice, first: RetailRow, steps: ReplayStep[]): void {
    const lines = new Map<string, { quantity: number; cost: number; unitPrice: number }>();
    for (const row of invoice.rows) {
      this.#describe(row, invoice, steps);
      const line = lines.get(row.itemId);
      if (line === undefined) {
        lines.set(row.itemId, { quantity: row.quantity, cost: row.quantity * row.unitPrice, unitPrice: row.unitPrice });
        continue;
      }
      line.quantity += row.quantity;
      line.cost += row.quantity * row.unitPrice;
      // Equal prices stay exactly what they are.
      if (line.unitPrice !== row.unitPrice) line.unitPrice = Math.round((line.cost / line.quantity) * 1e6) / 1e6;
      this.#total.merged += 1;
    }
    const orderLines: OrderLine[] = [];
    for (const [itemId, { quantity, unitPrice }] of lines) {
      orderLines.push({ itemId, quantity, unitPrice, currency: CURRENCY });
      if (first.customer !== undefined) this.#ledger.placed(first.customer, itemId, invoice.number, quantity);
    }
    this.#total.ordered += invoice.rows.length;
    steps.push(purchaseStep(invoice, first, { orderId: invoice.number, status: 'placed', lines: orderLines }));
  }

  #emitCancellation(invoice: Invoice, first: RetailRow, steps: ReplayStep[]): void {
    const orders = new Map<string, Map<string, OrderLine>>();
    for (const row of invoice.rows) {
      const { itemId, quantity, unitPrice, customer } = row;
      const orderId = customer === undefined ? undefined : this.#ledger.takeBack(customer, itemId, quantity);
      if (orderId === undefined) {
        this.#total.unmatched += 1;
        steps.push({ kind: 'note', code: 'unmatched-cancellation' });
        continue;
      }
      this.#total.cancelled += 1;
      let lines = orders.get(orderId);
      if (lines === undefined) {
        lines = new Map();
        orders.set(orderId, lines);
      }
      const before = lines.get(itemId)?.quantity ?? 0;
      lines.set(itemId, { itemId, quantity: before + quantity, unitPrice, currency: CURRENCY });
    }
    for (const [orderId, lines] of orders) {
      steps.push(purchaseStep(invoice, first, { orderId, status: 'cancelled', lines: [...lines.values()] }));
    }
  }

  #describe(row: RetailRow, invoice: Invoice, steps: ReplayStep[]): void {
    const known = this.#titles.get(row.itemId);
    if (known?.title === row.title) return;
    const versions = (known?.versions ?? 0) + 1;
    this.#titles.set(row.itemId, { title: row.title, versions });
    const value: CatalogItem = {
      eventId: `online-retail:item:${row.itemId}:${versions}`,
      itemId: row.itemId,
      at: invoice.at,
      title: row.title,
      description: null,
      categories: [categoryOf(row.title)],
      tags: [],
      brand: null,
      price: row.unitPrice,
      currency: CURRENCY,
      stock: null,
      image: null,
      attributes: {},
      validFrom: null,
      validTo: null,
      embedding: null,
    };
    steps.push({ kind: 'event', topic: 'catalog', key: row.itemId, value, at: invoice.at, line: invoice.lastLine });
  }
}

function purchaseStep(
  invoice: Invoice,
  first: RetailRow,
  order: Pick<Purchase, 'orderId' | 'status' | 'lines'>,
): ReplayStep {
  const part = invoice.part === 1 ? '' : `:part-${invoice.part}`;
  const of = order.status === 'placed' ? '' : `:${order.orderId}`;
  const anonymous = `invoice:${invoice.number}`;
  const visitorId = first.customer ?? anonymous;
  const value: Purchase = {
    eventId: `online-retail:${invoice.number}${of}${part}`,
    orderId: order.orderId,
    visitorId,
    userId: null,
    sessionId: first.customer === undefined ? anonymous : null,
    at: invoice.at,
    status: order.status,
    lines: order.lines,
    device: null,
    region: first.country === '' ? null : first.country,
  };
  return { kind: 'event', topic: 'purchases', key: visitorId, value, at: invoice.at, line: invoice.lastLine };
}
