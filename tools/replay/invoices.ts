// Rows to invoices. The file keeps an invoice's rows together but for one, and 42 run over into the next minute: an invoice stays
// open until a row of another invoice with a later time arrives. Invoices are handed over in the order of their first rows, so
// their times (that of the first row) ascend as the file's do.
import type { RetailRow } from './online-retail-row.ts';

/** An invoice's usable rows. */
export interface Invoice {
  readonly number: string;
  /** Time of its first row, used or not. */
  readonly at: number;
  /** In the order of the file. */
  readonly rows: RetailRow[];
  /** Line of its last row in the file. */
  lastLine: number;
  /** 1, or more when the number comes again after its invoice was closed. */
  readonly part: number;
}

interface OpenInvoice extends Invoice {
  lastAt: number;
  /** Whole rows that were seen, to know exact duplicates. */
  readonly seen: Set<string>;
}

/** More are open only in a file whose times do not ascend; then the oldest is closed. Online Retail never has more than 6. */
const MAX_OPEN = 1_000;

/** The invoices that are open: those of the last minute. */
export class Invoices {
  readonly #open = new Map<string, OpenInvoice>();
  /** How often an invoice number was closed. */
  readonly #closed = new Map<string, number>();

  /** Invoices that a row of this number and time closes, in the order of their first rows. */
  closedBy(number: string, at: number): Invoice[] {
    const closed: Invoice[] = [];
    for (const invoice of this.#open.values()) {
      // One that must stay open keeps those behind it waiting, or times would not ascend.
      if (invoice.number === number) break;
      if (invoice.lastAt >= at && this.#open.size <= MAX_OPEN) break;
      closed.push(this.#close(invoice));
    }
    return closed;
  }

  /** Notes a row, used or not. False when the open invoice has exactly this row already. */
  isNew(number: string, at: number, line: number, raw: string): boolean {
    let invoice = this.#open.get(number);
    if (invoice === undefined) {
      const part = (this.#closed.get(number) ?? 0) + 1;
      invoice = { number, at, rows: [], lastLine: line, part, lastAt: at, seen: new Set() };
      this.#open.set(number, invoice);
    }
    invoice.lastAt = Math.max(invoice.lastAt, at);
    invoice.lastLine = line;
    if (invoice.seen.has(raw)) return false;
    invoice.seen.add(raw);
    return true;
  }

  /** Adds a usable row to its invoice, which `isNew` has opened. */
  add(row: RetailRow): void {
    this.#open.get(row.invoice)!.rows.push(row);
  }

  /** The file has ended: all that are open. */
  end(): Invoice[] {
    return [...this.#open.values()].map((invoice) => this.#close(invoice));
  }

  #close(invoice: OpenInvoice): Invoice {
    this.#open.delete(invoice.number);
    this.#closed.set(invoice.number, invoice.part);
    return invoice;
  }
}
