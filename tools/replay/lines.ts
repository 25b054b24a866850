// Bytes to lines, with their numbers. Invariant: the lines do not depend on where the chunks were cut.

/** A line without its line break. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** Longest line: one that is longer is handed over in pieces of this length, so that a file without breaks fits into memory. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const BREAK = 0x0a;

/** Lines of UTF-8 text, in one array for each chunk; LF or CRLF; a byte order mark at the start is left out. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[], void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(BREAK); end !== -1; end = bytes.indexOf(BREAK, start)) {
      number += 1;
      lines.push({ text: textOf(bytes.subarray(start, end), number), number });
      start = end + 1;
    }
    while (bytes.length - start > MAX_LINE_BYTES) {
      number += 1;
      lines.push({ text: textOf(bytes.subarray(start, start + MAX_LINE_BYTES), number), number });
      start += MAX_LINE_BYTES;
    }
    rest = bytes.subarray(start);
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [{ text: textOf(rest, number + 1), number: number + 1 }];
}

function textOf(bytes: Buffer, number: number): string {
  const hasReturn = bytes.length > 0 && bytes[bytes.length - 1] === 0x0d;
  const text = bytes.toString('utf8', 0, hasReturn ? bytes.length - 1 : bytes.length);
  return number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
}
