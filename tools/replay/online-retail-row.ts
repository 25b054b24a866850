// One row of UCI Online Retail, checked: what can be used, and why not. A pure function of the row.
import type { CsvRecord } from './csv-records.ts';

/** The columns, in the order of the file. */
export const ONLINE_RETAIL_COLUMNS: readonly string[] = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
];

/** A row whose columns could be told apart and whose time could be read. */
export interface RetailRow {
  readonly invoice: string;
  /** An invoice whose number begins with C takes back earlier lines. */
  readonly isCancellation: boolean;
  readonly at: number;
  /** The product; letters after the digits in upper case, since the file writes 111 codes in both ways. */
  readonly itemId: string;
  readonly title: string;
  /** Pieces: of a cancellation those taken back. Above 0 in a usable row. */
  readonly quantity: number;
  /** Pounds. */
  readonly unitPrice: number;
  /** `undefined` where the customer is not known. */
  readonly customer: string | undefined;
  readonly country: string;
}

/** Why a row cannot be used. */
export interface RowRefusal {
  readonly code: RowRefusalCode;
  readonly text: string;
}

/** Why rows are refused, in the order of the checks: a row with several faults has the first code. */
export const rowRefusalCodes = {
  'malformed-row': 'Not eight columns, a quote that does not close, or a number that is none.',
  'invalid-date': 'The invoice date is neither YYYY-MM-DD HH:MM[:SS] nor M/D/YYYY H:MM.',
  'not-a-product':
    'The code is postage, a fee, a discount or a manual entry: no five digits, no gift card, no DCGS code.',
  'missing-description': 'The row does not say what the product is.',
  'invalid-quantity': 'The quantity is 0 or less in an order, or above 0 in a cancellation.',
  'invalid-price': 'The price is 0 or less: a correction of the stock or of the books.',
} as const;

/** A code of {@link rowRefusalCodes}. */
export type RowRefusalCode = keyof typeof rowRefusalCodes;

const PRODUCT_CODE = /^(?:\d{5}|gift_|DCGS)/;
/** White space that is not just one blank. */
const UNEVEN_SPACE = /\s\s|[^\S ]/;
const WHOLE = /^-?\d{1,9}$/;
const DECIMAL = /^-?\d{1,12}(?:\.\d+)?$/;
const ISO_DATE = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;
const AMERICAN_DATE = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/;

/** Epoch ms of an invoice date, read as UTC; `undefined` when it is none. */
export function parseInvoiceDate(text: string): number | undefined {
  const iso = ISO_DATE.exec(text);
  if (iso !== null) return utc(iso[1]!, iso[2]!, iso[3]!, iso[4]!, iso[5]!, iso[6] ?? '0');
  const american = AMERICAN_DATE.exec(text);
  if (american !== null) return utc(american[3]!, american[1]!, american[2]!, american[4]!, american[5]!, '0');
  return undefined;
}

function utc(...parts: readonly [string, string, string, string, string, string]): number | undefined {
  const [year, month, day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(at);
  // 31 February would silently become 3 March.
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? at : undefined;
}

/** Why a record whose columns or time cannot be told is refused; `undefined` when they can. */
export function refuseShape(record: CsvRecord, at: number | undefined): RowRefusal | undefined {
  const { fields } = record;
  if (fields === undefined) return { code: 'malformed-row', text: 'a quote does not close' };
  if (fields.length !== ONLINE_RETAIL_COLUMNS.length) {
    return { code: 'malformed-row', text: `${fields.length} columns instead of ${ONLINE_RETAIL_COLUMNS.length}` };
  }
  if (fields[0]!.trim() === '') return { code: 'malformed-row', text: 'no invoice number' };
  if (at === undefined) return { code: 'invalid-date', text: `invoice date ${quote(fields[4]!)}` };
  return undefined;
}

/** Reads a record that has the right shape. */
export function parseRow(fields: readonly string[], at: number): RetailRow | RowRefusal {
  const code = fields[1]!.trim();
  if (!PRODUCT_CODE.test(code)) return { code: 'not-a-product', text: `stock code ${quote(code)}` };
  const description = fields[2]!.trim();
  const title = UNEVEN_SPACE.test(description) ? description.replace(/\s+/g, ' ') : description;
  if (title === '') return { code: 'missing-description', text: `stock code ${quote(code)}` };
  const quantityText = fields[3]!.trim();
  const priceText = fields[5]!.trim();
  if (!WHOLE.test(quantityText)) return { code: 'malformed-row', text: `quantity ${quote(quantityText)}` };
  if (!DECIMAL.test(priceText)) return { code: 'malformed-row', text: `unit price ${quote(priceText)}` };
  const invoice = fields[0]!.trim();
  const isCancellation = invoice.startsWith('C');
  const quantity = isCancellation ? -Number(quantityText) : Number(quantityText);
  if (quantity <= 0) {
    return {
      code: 'invalid-quantity',
      text: `quantity ${quantityText} in ${isCancellation ? 'a cancellation' : 'an order'}`,
    };
  }
  const unitPrice = Number(priceText);
  if (unitPrice <= 0) return { code: 'invalid-price', text: `unit price ${priceText}` };
  const customer = fields[6]!.trim();
  return {
    invoice,
    isCancellation,
    at,
    itemId: /^\d{5}/.test(code) ? code.toUpperCase() : code,
    title,
    quantity,
    unitPrice,
    customer: customer === '' ? undefined : customer,
    country: fields[7]!.trim(),
  };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
