// An answer as it is sent: its JSON, and a tag that is the same as long as the answer is.
import { createHash } from 'node:crypto';
import type { Answer } from './contract.ts';

export interface Entity {
  /** A weak entity tag of everything but the age, which a reader can tell from `asOf` and its own clock. */
  readonly tag: string;
  readonly text: string;
}

/** The age goes in front of what the tag is made of, so that an answer is written once. */
export function entityOf({ ageMs, ...lasting }: Answer): Entity {
  const text = JSON.stringify(lasting);
  return {
    tag: `W/"${createHash('sha1').update(text).digest('base64url')}"`,
    text: ageMs === undefined ? text : `{"ageMs":${ageMs},${text.slice(1)}`,
  };
}
