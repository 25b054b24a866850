// The checks that the contracts share: ids, texts, arrays and maps of texts. Each throws at the first breach.

import { RefusedRecordError } from '../engine/api/index.ts';
import type { RefusalCode } from './refusals.ts';

/** Ids are keys of state, which take 1,024 bytes with what stands around the id. */
const MAX_ID_BYTES = 256;

/** Names of attributes: short, since every item repeats them. */
const MAX_NAME = 256;

/** @throws {RefusedRecordError} always. */
export function refuse(code: RefusalCode, text: string): never {
  throw new RefusedRecordError(code, text);
}

/**
 * An id is 1 to 256 bytes of UTF-8, without control characters (C0, DEL, C1), lone surrogates and U+FFFD, which is what broken
 * UTF-8 is decoded to: two broken ids must not become one.
 */
export function checkId(field: string, id: string): void {
  const length = id.length;
  if (length === 0) refuse('missing-id', `${field} is empty`);
  // No web address can name them: `/visitors/..` is another address.
  if (id === '.' || id === '..') refuse('invalid-id', `${field} is "${id}"`);
  let bytes = length;
  for (let i = 0; i < length; i++) {
    const unit = id.charCodeAt(i);
    if (unit < 0x7f && unit >= 0x20) continue;
    if (unit < 0xa0) refuse('invalid-id', `${field} holds a control character`);
    bytes += unit < 0x800 ? 1 : 2;
    if (unit === 0xfffd) refuse('invalid-id', `${field} holds broken text`);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = i + 1 < length ? id.charCodeAt(i + 1) : 0;
    if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff) refuse('invalid-id', `${field} holds broken text`);
    // Two units are four bytes: two are counted by `length`, two by the first unit.
    i++;
  }
  if (bytes > MAX_ID_BYTES) refuse('invalid-id', `${field} is longer than 256 bytes`);
}

/** An id that may be absent; an empty one is a mistake all the same. */
export function checkOptionalId(field: string, id: string | null): void {
  if (id !== null) checkId(field, id);
}

/** A text of at most `max` UTF-16 units, or none. */
export function checkText(field: string, text: string | null, max: number): void {
  if (text !== null && text.length > max) refuse('invalid-text', `${field} is longer than ${max} characters`);
}

export function checkEntries(field: string, count: number, max: number): void {
  if (count > max) refuse('too-many-entries', `${field} holds more than ${max} entries`);
}

/** At most `maxEntries` texts of 1 to `max` units. */
export function checkTexts(field: string, texts: readonly string[], maxEntries: number, max: number): void {
  checkEntries(field, texts.length, maxEntries);
  for (const text of texts) {
    if (text === '') refuse('invalid-text', `${field} holds an empty text`);
    checkText(field, text, max);
  }
}

/** At most `maxEntries` texts of at most `max` units, by names of 1 to 256 units. */
export function checkTextMap(
  field: string,
  map: { readonly [name: string]: string },
  maxEntries: number,
  max: number,
): void {
  let count = 0;
  for (const name in map) {
    count++;
    if (name === '' || name.length > MAX_NAME)
      refuse('invalid-text', `${field} holds a name that is empty or too long`);
    checkText(field, map[name]!, max);
  }
  checkEntries(field, count, maxEntries);
}
