import type { TestContext } from 'node:test';
import { openOnlineRetail } from '../../../../tools/replay/online-retail.ts';
import type { ReaderCount, ReplayStep } from '../../../../tools/replay/reader.ts';
import { stepsOf, temporaryFile } from './files.ts';

export const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

const DEFAULTS = {
  invoice: '536365',
  code: '85123A',
  title: 'WHITE HEART',
  quantity: '6',
  date: '2010-12-01 08:26:00',
  price: '2.55',
  customer: '17850',
  country: 'United Kingdom',
};

/** A row of the file; what is not given is that of a usable row. */
export function row(fields: Partial<typeof DEFAULTS> = {}): string {
  return Object.values({ ...DEFAULTS, ...fields }).join(',');
}

/** What a reader makes of these rows. */
export async function readRows(
  t: TestContext,
  rows: readonly string[],
): Promise<{ readonly steps: readonly ReplayStep[]; readonly counts: readonly ReaderCount[] }> {
  const path = await temporaryFile(t, 'retail.csv', `${[HEADER, ...rows].join('\n')}\n`);
  const reader = await openOnlineRetail(path);
  const steps = await stepsOf(reader);
  return { steps, counts: reader.counts() };
}

/** Values of the events of a topic. */
export function valuesOf<T>(steps: readonly ReplayStep[], topic: string): T[] {
  return steps.flatMap((step) => (step.kind === 'event' && step.topic === topic ? [step.value as T] : []));
}

/** Codes of what was refused, or noted. */
export function codesOf(steps: readonly ReplayStep[], kind: 'refused' | 'note'): string[] {
  return steps.flatMap((step) => (step.kind !== 'event' && step.kind === kind ? [step.code] : []));
}
