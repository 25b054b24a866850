// What a setting's body may say: definitions (how a list is made) and placements (which lists fill a place of a page, in which order,
// filtered how). One set of rules for the engine, which computes only what a placement in force names, for the endpoint, which
// composes answers by them, and for who writes them.
//
// Invariant: a name is of one kind, because it is the key of the compacted topic: no placement is called like a list definition.

import { z } from 'zod';
import { listTuningBody } from './list-tuning.ts';
import type { Setting } from './records.ts';

/** The lists that the engine can make. */
export const LIST_DEFINITIONS = [
  'for-you',
  'similar',
  'bought-together',
  'popular',
  'trending',
  'recently-viewed',
  'buy-again',
] as const;

export type ListDefinition = (typeof LIST_DEFINITIONS)[number];

/** Most items of an answer. */
export const MAX_ANSWER_ITEMS = 50;

const label = z.string().min(1).max(256);
const labels = z.array(label).max(64);
const share = z.int().min(1).max(MAX_ANSWER_ITEMS);

/** Items in any of `categories`, of any of `brands`, with all of `attributes` (to exclude: with any); a field left out asks nothing. */
const itemFilter = z.strictObject({
  categories: labels.optional(),
  brands: labels.optional(),
  attributes: z.record(label, z.string().max(4096)).optional(),
});

export type ItemFilter = z.infer<typeof itemFilter>;

const placementBody = z.strictObject({
  /** A placement that is off answers 404, and its lists are computed only where another placement names them. */
  isOn: z.boolean().default(true),
  /** Each is topped up from the one behind it. `max`: items it gives at most. */
  lists: z
    .array(z.strictObject({ definition: z.enum(LIST_DEFINITIONS), max: share.optional() }))
    .min(1)
    .max(LIST_DEFINITIONS.length)
    .refine((lists) => new Set(lists.map(({ definition }) => definition)).size === lists.length, {
      error: 'names a list twice',
    }),
  /** What fills up an answer when the lists give too little; each in the shopper's segments, the narrowest first. */
  fallbacks: z
    .array(z.enum(['popular', 'trending']))
    .max(2)
    .default(['popular']),
  /** Items of an answer when the request does not say. */
  n: share.default(10),
  include: itemFilter.optional(),
  exclude: itemFilter.optional(),
  /** Items with a lower score are left out. */
  minScore: z.number().min(0).optional(),
  /** Most items with one narrowest category, or of one brand. */
  diversity: z.strictObject({ maxPerCategory: share.optional(), maxPerBrand: share.optional() }).optional(),
});

/** A placement with everything filled in. */
export type Placement = z.infer<typeof placementBody>;

const days = z.number().min(1).max(3650);
const definitionBodies = {
  'for-you': listTuningBody,
  similar: listTuningBody.pick({ contentShare: true }),
  'recently-viewed': z.strictObject({ length: share.default(20) }),
  /** `halfLifeDays`: in which a purchase counts half; `intervalDays`: between two purchases of an item bought once so far. */
  'buy-again': z.strictObject({
    length: share.default(20),
    halfLifeDays: days.default(180),
    intervalDays: days.default(30),
  }),
};

/** Parameters of the definitions that have any, with everything filled in. */
export type DefinitionSettings = {
  readonly [D in keyof typeof definitionBodies]: z.infer<(typeof definitionBodies)[D]>;
};

export const DEFAULT_DEFINITIONS: DefinitionSettings = {
  'for-you': definitionBodies['for-you'].parse({}),
  similar: definitionBodies.similar.parse({}),
  'recently-viewed': definitionBodies['recently-viewed'].parse({}),
  'buy-again': definitionBodies['buy-again'].parse({}),
};

/** In force until a setting of the same name takes their place: one for each address of the endpoint. */
export const BUILT_IN_PLACEMENTS = {
  recommendations: placementBody.parse({ lists: [{ definition: 'for-you' }] }),
  'similar-items': placementBody.parse({ lists: [{ definition: 'similar' }] }),
  'bought-together-items': placementBody.parse({ lists: [{ definition: 'bought-together' }] }),
  'popular-items': placementBody.parse({ lists: [{ definition: 'popular' }], fallbacks: [] }),
  // A shop too young to have a trend shows what is popular.
  'trending-items': placementBody.parse({ lists: [{ definition: 'trending' }] }),
  // These say what the shopper did, which nothing else can stand in for.
  'recently-viewed-items': placementBody.parse({ lists: [{ definition: 'recently-viewed' }], fallbacks: [] }),
  'buy-again-items': placementBody.parse({ lists: [{ definition: 'buy-again' }], fallbacks: [] }),
} as const satisfies { readonly [name: string]: Placement };

/** A setting's value, or what is wrong with it: a sentence each, that begins with the place. */
export type CheckedSetting<V> = { readonly value: V } | { readonly mistakes: readonly string[] };

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const isDefinition = (name: string): name is ListDefinition => (LIST_DEFINITIONS as readonly string[]).includes(name);

/** The name and body of a setting of either kind. */
export function checkSetting(
  kind: Setting['kind'],
  name: string,
  body: unknown,
): CheckedSetting<Placement | DefinitionSettings[keyof DefinitionSettings]> {
  return kind === 'placement' ? checkPlacement(name, body) : checkDefinition(name, body);
}

/** A placement's name and body. */
export function checkPlacement(name: string, body: unknown): CheckedSetting<Placement> {
  if (!NAME.test(name)) return { mistakes: ['its name must be 1 to 64 letters, digits, ".", "_" or "-"'] };
  if (isDefinition(name)) return { mistakes: [`"${name}" is the name of a list, a placement needs another`] };
  return checked(placementBody, body);
}

/** A definition's name and body. */
export function checkDefinition<D extends keyof DefinitionSettings>(
  name: D | (string & {}),
  body: unknown,
): CheckedSetting<DefinitionSettings[D]> {
  if (hasSettings(name)) {
    const schema: z.ZodType = definitionBodies[name];
    return checked(schema, body) as CheckedSetting<DefinitionSettings[D]>;
  }
  const names = Object.keys(definitionBodies).join(', ');
  return {
    mistakes: [
      isDefinition(name) ? `it has nothing to set: ${names} have` : `there is no list of this name to set: ${names}`,
    ],
  };
}

/** Whether a list's definition takes settings. */
export function hasSettings(name: string): name is keyof DefinitionSettings {
  return Object.hasOwn(definitionBodies, name);
}

function checked<V>(schema: z.ZodType<V>, body: unknown): CheckedSetting<V> {
  const { success, data, error } = schema.safeParse(body);
  return success ? { value: data } : { mistakes: mistakesOf(error) };
}

/** A sentence for each mistake, with where it is: `lists[0].max: ...`. */
export function mistakesOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => {
    const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
    return place === '' ? message : `${place.replace(/^\./, '')}: ${message}`;
  });
}
