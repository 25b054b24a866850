// An answer as it is sent: its JSON, and a tag that is the same as long as the answer is.
import { crc32 } from 'node:zlib';
import { itemText, type ShownAnswer } from './shown-item.ts';

export interface Entity {
  /**
   * A weak entity tag of everything but the age, which a reader can tell from `asOf` and its own clock. It names the served list and its version, so the
   * checksum only has to tell apart the answers that one version gives as items are blocked, capped or filtered.
   */
  readonly tag: string;
  readonly text: string;
}

/** Brings a further checksum into one (FNV's prime; the order counts). */
const mixed = (sum: number, checksum: number): number => Math.imul(sum ^ checksum, 0x01000193) >>> 0;

/** What is between the age and the items, with its CRC-32. */
interface Head {
  readonly text: string;
  readonly checksum: number;
}

const HEAD = Symbol('head');

/** The last head that was written of a list, which stays with the list's `asOf`, and what it was written from beside that. */
interface WrittenHead extends Head {
  readonly listId: string | undefined;
  readonly placement: string;
  readonly includesEvent: boolean | undefined;
  readonly degraded: boolean | undefined;
}

function writeHead({ ageMs: _ageMs, items: _items, ...head }: ShownAnswer): Head {
  const text = JSON.stringify(head).slice(1, -1);
  return { text, checksum: crc32(text) };
}

/** Most answers with a list have the same head. Its id stands for its key and version, so for the list's definition, rung and variant. */
function headOf(answer: ShownAnswer): Head {
  const { listId, placement, includesEvent, degraded } = answer;
  const asOf: (ShownAnswer['asOf'] & { [HEAD]?: WrittenHead }) | undefined = answer.asOf;
  if (asOf === undefined) return writeHead(answer);
  const known = asOf[HEAD];
  if (
    known !== undefined &&
    known.listId === listId &&
    known.placement === placement &&
    known.includesEvent === includesEvent &&
    known.degraded === degraded
  )
    return known;
  const written = { ...writeHead(answer), listId, placement, includesEvent, degraded };
  asOf[HEAD] = written;
  return written;
}

/** The age goes in front of what the tag is made of, so that an answer is written once. */
export function entityOf(answer: ShownAnswer): Entity {
  const { ageMs, items, listId, rung } = answer;
  const head = headOf(answer);
  let sum = head.checksum;
  let text = ageMs === undefined ? `{${head.text},"items":[` : `{"ageMs":${ageMs},${head.text},"items":[`;
  for (let i = 0; i < items.length; i++) {
    const item = itemText(items[i]!);
    sum = mixed(sum, item.checksum);
    text += i === 0 ? item.text : `,${item.text}`;
  }
  return { tag: `W/"${listId ?? rung}-${sum.toString(36)}"`, text: `${text}]}` };
}
