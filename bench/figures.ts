// What a benchmark found: one value per round for each figure, told as median and spread. Percentiles inside a round are exact: they
// are taken from all samples, by the nearest rank.

/** The value of a sorted or unsorted sample below which a share `q` (0 to 1] lies. @throws {RangeError} for an empty one. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new RangeError('there is no quantile of nothing');
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}

/** The middle value; the mean of the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Values by figure, in the order in which figures were first noted. */
export class Figures {
  readonly #values = new Map<string, number[]>();

  /** `name` says the unit. */
  note(name: string, value: number): void {
    const values = this.#values.get(name) ?? [];
    this.#values.set(name, values);
    values.push(value);
  }

  /** Values of a figure, one per round. */
  of(name: string): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  /** A table in Markdown. */
  table(): string {
    const lines = ['| figure | median | min | max | rounds |', '|---|---:|---:|---:|---:|'];
    for (const [name, values] of this.#values)
      lines.push(
        `| ${[name, text(median(values)), text(Math.min(...values)), text(Math.max(...values)), values.length].join(' | ')} |`,
      );
    return lines.join('\n');
  }
}

/** Three digits that mean something; whole numbers from 100 on. */
function text(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
