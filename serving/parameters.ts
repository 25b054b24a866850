// What a caller may say, checked at the edge: a route gets values that are valid, or the caller gets a sentence that names the
// parameter and what is allowed. A parameter that a route does not know is refused, so that a misspelt one is not overlooked.
//
// Each parameter is defined once, here: the definitions validate queries and the bodies of batches alike, and openapi.ts describes them.
import { z } from 'zod';
import { MAX_ANSWER_ITEMS } from '../schemas/list-settings.ts';
import { ProblemError } from './problem.ts';

/** Largest number of items in an answer. Stored lists hold 40: above about 20, what is filtered out is made up for by lower rungs. */
export const MAX_ITEMS = MAX_ANSWER_ITEMS;
/** Longest id, in UTF-8 bytes. */
export const MAX_ID_BYTES = 256;
/** Values of a parameter that may be repeated. */
const MAX_VALUES = 50;
const MAX_BASKET = 20;
/** Card fields that `fields` may ask for. */
export const CARD_FIELDS = ['title', 'brand', 'price', 'currency', 'categories', 'image'] as const;

export type CardField = (typeof CARD_FIELDS)[number];

/** C0 and C1 controls, DEL, and lone surrogates (which UTF-8 cannot hold). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
const UNFIT = /[\u0000-\u001f\u007f-\u009f]|\p{Cs}/u;

/** What is wrong with an id or a name, as a sentence goes on after it; `undefined`: nothing. The value is never repeated. */
function idMistake(value: string): string | undefined {
  const bytes = Buffer.byteLength(value);
  if (bytes < 1 || bytes > MAX_ID_BYTES) return `must be 1 to ${MAX_ID_BYTES} bytes of UTF-8; it has ${bytes}`;
  if (value === '.' || value === '..') return 'must not be "." or ".."';
  return UNFIT.test(value) ? 'must not contain control characters' : undefined;
}

/**
 * Checks an id or a segment's name: 1 to 256 bytes of UTF-8 without control characters.
 * @throws {ProblemError} `invalid-parameter`, naming `parameter` but never repeating the value.
 */
export function parseId(value: string, parameter: string): string {
  const mistake = idMistake(value);
  if (mistake !== undefined) throw new ProblemError('invalid-parameter', `${parameter} ${mistake}.`, parameter);
  return value;
}

/** An id or a name. In JSON Schema its length is in characters, of which it has no more than bytes. */
export const parameterId = z
  .string({ error: 'must be a text' })
  .superRefine((value, context) => {
    const message = idMistake(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .meta({ minLength: 1, maxLength: MAX_ID_BYTES });
const id = parameterId;
const attribute = id.refine((value) => value.indexOf(':') > 0, { error: 'must be name:value' });
const several = <S extends z.ZodType>(value: S, max: number) =>
  z
    .array(value, { error: 'must be an array' })
    .min(1, { error: 'must have a value' })
    .max(max, { error: `may be given at most ${max} times` });
const COUNT = { error: `must be a whole number from 1 to ${MAX_ITEMS}` };

/** How a parameter stands in a query. */
type Style = 'text' | 'number' | 'boolean' | 'repeated' | 'commas';

interface Definition {
  readonly schema: z.ZodType;
  readonly style: Style;
  readonly text: string;
}

function define<S extends z.ZodType>(style: Style, schema: S, text: string) {
  return { style, schema, text } satisfies Definition;
}

/** Every parameter; which of them a route takes is its own list. */
export const PARAMETERS = {
  n: define(
    'number',
    z.int(COUNT).min(1, COUNT).max(MAX_ITEMS, COUNT),
    'Items of the answer at most. Without it, as many as the placement says.',
  ),
  placement: define(
    'text',
    id,
    "The placement whose lists, filters and fallbacks compose the answer. Without it, the route's own.",
  ),
  visitor: define(
    'text',
    id,
    'Who asks: what this visitor bought or dislikes is left out, and lists of visitors are theirs.',
  ),
  session: define('text', id, "The session, whose list stands in while the visitor's own has nothing."),
  item: define('text', id, 'The item that lists of items are about.'),
  device: define('text', id, 'Device, e.g. phone: for fallbacks and campaigns.'),
  region: define('text', id, 'Region, e.g. DE: for fallbacks and campaigns.'),
  category: define('repeated', several(id, MAX_VALUES), 'Only items in one of these categories.'),
  excludeCategory: define('repeated', several(id, MAX_VALUES), 'No items in any of these categories.'),
  brand: define('repeated', several(id, MAX_VALUES), 'Only items of one of these brands.'),
  excludeBrand: define('repeated', several(id, MAX_VALUES), 'No items of any of these brands.'),
  attribute: define(
    'repeated',
    several(attribute, MAX_VALUES),
    'Only items with all of these attributes, each as name:value.',
  ),
  excludeAttribute: define(
    'repeated',
    several(attribute, MAX_VALUES),
    'No items with any of these attributes, each as name:value.',
  ),
  excludeItems: define(
    'repeated',
    several(id, MAX_VALUES),
    'Items to leave out, e.g. those that the page shows already.',
  ),
  inCart: define(
    'repeated',
    several(id, MAX_BASKET),
    'Items in the basket: lists of items are combined over them, and they are left out.',
  ),
  minScore: define(
    'number',
    z
      .number({ error: 'must be a finite number of 0 or more' })
      .min(0, { error: 'must be a finite number of 0 or more' }),
    'Items with a lower score are left out. Scores are comparable within one list.',
  ),
  fields: define(
    'commas',
    several(
      z.enum(CARD_FIELDS, { error: `must be one or more of ${CARD_FIELDS.join(', ')}, separated by commas` }),
      16,
    ),
    'Fields of the items to return beside their ids.',
  ),
  after: define('text', id, 'Id of an event: `includesEvent` says whether the answer takes it into account.'),
  strict: define('boolean', z.boolean({ error: 'must be true or false' }), 'Answer 404 in place of a fallback.'),
} as const satisfies { readonly [name: string]: Definition };

export type ParameterName = keyof typeof PARAMETERS;

/** The parameters of a request: what was not given is absent. */
export type Parameters = { readonly [N in ParameterName]?: z.infer<(typeof PARAMETERS)[N]['schema']> | undefined };

/** A parameter's name may be repeated in an answer when it is harmless. */
const SHOWABLE = /^[A-Za-z0-9_.-]{1,32}$/;

/** @throws {ProblemError} always: `name` is none of `allowed`. @param place what stands before the name, e.g. `requests[0].` */
function refuseUnknown(name: string, allowed: readonly string[], place: string): never {
  const isShown = SHOWABLE.test(name);
  const shown = isShown ? `"${place}${name}"` : 'One parameter';
  const detail = `${shown} is not known here. Allowed: ${allowed.join(', ')}.`;
  throw new ProblemError('unknown-parameter', detail, isShown ? `${place}${name}` : undefined);
}

/** Checks values that are of the right form already. One for each set of parameters. */
export type ParameterCheck = (values: Readonly<{ [name: string]: unknown }>, place?: string) => Parameters;

/**
 * A check that takes only the parameters in `allowed`.
 * @throws {ProblemError} (the check) `unknown-parameter` or `invalid-parameter`, naming the parameter behind `place`.
 */
export function checkOf(allowed: readonly ParameterName[]): ParameterCheck {
  const known: ReadonlySet<string> = new Set(allowed);
  const schema = z.object(Object.fromEntries(allowed.map((name) => [name, PARAMETERS[name].schema.optional()])));
  return (values, place = '') => {
    for (const name of Object.keys(values)) if (!known.has(name)) refuseUnknown(name, allowed, place);
    const { success, data, error } = schema.safeParse(values);
    if (success) return data as Parameters;
    const [issue] = error.issues;
    const name = `${place}${String(issue!.path[0])}`;
    throw new ProblemError('invalid-parameter', `${name} ${issue!.message}.`, name);
  };
}

const NO_PARAMETERS: Parameters = Object.freeze({});
const DECIMAL = /^-?[0-9]{1,20}(\.[0-9]{1,20})?$/;
const WHOLE = /^[0-9]{1,3}$/;

/** The value that a text stands for; the text itself where it stands for none, which the check then refuses. */
function textValue(name: ParameterName, style: Style, text: string): unknown {
  if (style === 'number') return (name === 'n' ? WHOLE : DECIMAL).test(text) ? Number(text) : text;
  if (style === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return style === 'commas' ? [...new Set(text.split(','))] : style === 'repeated' ? [text] : text;
}

/**
 * Reads the query of a route that takes only the parameters in `allowed`, which `check` checks.
 * @param query What Express parsed: a value is a string, or an array when the parameter was given more than once.
 * @throws {ProblemError} `unknown-parameter` or `invalid-parameter`
 */
export function parseParameters(
  query: Readonly<Record<string, unknown>>,
  allowed: readonly ParameterName[],
  check: ParameterCheck = checkOf(allowed),
): Parameters {
  const all = Object.entries(query);
  // Every parameter may be absent, so nothing is left to check.
  if (all.length === 0) return NO_PARAMETERS;
  const values: { [name: string]: unknown } = {};
  for (const [given, value] of all) {
    const name = allowed.find((one) => one === given);
    if (name === undefined) refuseUnknown(given, allowed, '');
    const { style } = PARAMETERS[name];
    if (typeof value === 'string') values[name] = textValue(name, style, value);
    else if (style === 'repeated') values[name] = value;
    else throw new ProblemError('invalid-parameter', `${name} may be given only once.`, name);
  }
  return check(values);
}
