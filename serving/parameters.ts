// What a caller may say, checked at the edge: a route gets values that are valid, or the caller gets a sentence that names the
// parameter and what is allowed. A parameter that a route does not know is refused, so that a misspelt one is not overlooked.
import { ProblemError } from './problem.ts';

/** Largest number of items in an answer. Stored lists hold 40: above about 20, what is filtered out is made up for by lower rungs. */
export const MAX_ITEMS = 50;
/** How many items an answer holds when the caller does not say. */
export const DEFAULT_ITEMS = 10;
/** Longest id, in UTF-8 bytes. */
export const MAX_ID_BYTES = 256;
/** Card fields that `fields` may ask for. */
export const CARD_FIELDS = ['title', 'brand', 'price', 'currency', 'categories', 'image'] as const;

export type CardField = (typeof CARD_FIELDS)[number];

/** The parameters of all routes; which of them a route takes is its own list. */
export interface Parameters {
  readonly n: number;
  readonly session: string | undefined;
  /** Who asks, where the address does not say it: what this visitor bought or dislikes is left out. */
  readonly visitor: string | undefined;
  readonly category: string | undefined;
  readonly device: string | undefined;
  readonly region: string | undefined;
  /** Empty when no card fields are wanted. */
  readonly fields: readonly CardField[];
}

export type ParameterName = keyof Parameters;

/** C0 and C1 controls, DEL, and lone surrogates (which UTF-8 cannot hold). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
const UNFIT = /[\u0000-\u001f\u007f-\u009f]|\p{Cs}/u;

/**
 * Checks an id or a segment's name: 1 to 256 bytes of UTF-8 without control characters.
 * @throws {ProblemError} `invalid-parameter`, naming `parameter` but never repeating the value.
 */
export function parseId(value: string, parameter: string): string {
  const bytes = Buffer.byteLength(value);
  if (bytes < 1 || bytes > MAX_ID_BYTES) {
    throw new ProblemError(
      'invalid-parameter',
      `${parameter} must be 1 to ${MAX_ID_BYTES} bytes of UTF-8; it has ${bytes}.`,
      parameter,
    );
  }
  if (value === '.' || value === '..') {
    throw new ProblemError('invalid-parameter', `${parameter} must not be "." or "..".`, parameter);
  }
  if (UNFIT.test(value)) {
    throw new ProblemError('invalid-parameter', `${parameter} must not contain control characters.`, parameter);
  }
  return value;
}

function parseCount(value: string | undefined): number {
  if (value === undefined) return DEFAULT_ITEMS;
  const n = /^[0-9]{1,3}$/.test(value) ? Number(value) : 0;
  if (n < 1 || n > MAX_ITEMS) {
    throw new ProblemError('invalid-parameter', `n must be a whole number from 1 to ${MAX_ITEMS}.`, 'n');
  }
  return n;
}

const isCardField = (name: string): name is CardField => (CARD_FIELDS as readonly string[]).includes(name);

function parseFields(value: string | undefined): readonly CardField[] {
  if (value === undefined) return [];
  const fields = value.split(',');
  if (!fields.every(isCardField)) {
    throw new ProblemError(
      'invalid-parameter',
      `fields must be one or more of ${CARD_FIELDS.join(', ')}, separated by commas.`,
      'fields',
    );
  }
  return [...new Set(fields)];
}

/**
 * Reads the query of a route that takes only the parameters in `allowed`.
 * @param query What Express parsed: a value is a string, or an array when the parameter was given more than once.
 * @throws {ProblemError} `unknown-parameter` or `invalid-parameter`
 */
export function parseParameters(
  query: Readonly<Record<string, unknown>>,
  allowed: readonly ParameterName[],
): Parameters {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    if (!(allowed as readonly string[]).includes(name)) {
      const shown = /^[A-Za-z0-9_.-]{1,32}$/.test(name) ? `"${name}"` : 'One parameter';
      throw new ProblemError(
        'unknown-parameter',
        `${shown} is not known here. Allowed: ${allowed.join(', ')}.`,
        /^[A-Za-z0-9_.-]{1,32}$/.test(name) ? name : undefined,
      );
    }
    if (typeof value !== 'string') {
      throw new ProblemError('invalid-parameter', `${name} may be given only once.`, name);
    }
    given.set(name, value);
  }
  const text = (name: ParameterName): string | undefined => {
    const value = given.get(name);
    return value === undefined ? undefined : parseId(value, name);
  };
  return {
    n: parseCount(given.get('n')),
    session: text('session'),
    visitor: text('visitor'),
    category: text('category'),
    device: text('device'),
    region: text('region'),
    fields: parseFields(given.get('fields')),
  };
}
