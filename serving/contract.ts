// The answers' definitions: the types of the code, and what openapi.ts describes and tests hold answers against. An answer's fields are only
// ever added to, so readers must take those that they do not know.
import { z } from 'zod';
import { REASON_KINDS } from '../lists/index.ts';
import { PROBLEM_KINDS } from './problem.ts';

const time = z.number().describe('Epoch ms.');

const reason = z
  .object({
    kind: z.enum(REASON_KINDS).describe('What speaks for the item. New kinds may be added.'),
    itemId: z.string().optional().describe('The item that the shopper dealt with, or that the list is about.'),
    title: z.string().optional().describe('Its title when the list was made.'),
    campaignId: z.string().optional(),
    segment: z.string().optional().describe('Where the item is popular or trending, e.g. category=Lamps.'),
    part: z.number().describe("This reason's share of the score; below 0 where a campaign buries the item."),
    text: z.string().describe('For shoppers, e.g. Because you viewed Trail Lantern. Words may change, kinds do not.'),
  })
  .readonly();

const card = z
  .object({
    title: z.string().optional(),
    brand: z.string().optional(),
    price: z.number().optional(),
    currency: z.string().optional().describe('ISO 4217.'),
    categories: z.array(z.string()).readonly().optional(),
    image: z.string().optional().describe('Address of a picture.'),
  })
  .readonly();

const rung = z.enum(['visitor', 'session', 'item', 'segment', 'global']);

const answerItem = z
  .object({
    id: z.string(),
    score: z.number().describe('Comparable within one rung only.'),
    rung: rung
      .optional()
      .describe("Where it came from, when that is not the answer's own rung: filtering had left too few."),
    reasons: z.array(reason).readonly().describe('Their parts sum to the score.'),
    ranks: z
      .record(z.string(), z.number())
      .readonly()
      .optional()
      .describe(
        'For analysts: by each step that put the list in order, in their order, the rank after it, from 1; 0 before the item came in. Absent where one step did. Steps may be added.',
      ),
    item: card
      .optional()
      .describe('What `fields` asked for; absent when it asked for nothing, or the item has no card.'),
  })
  .readonly();

const asOf = z
  .object({
    at: time,
    topic: z.string(),
    partition: z.number(),
    offset: z.number(),
    eventIds: z.array(z.string()).readonly().describe('Ids of the last events in the list, newest first.'),
  })
  .readonly();

const answerSchema = z
  .object({
    placement: z.string().describe('The placement that composed the answer.'),
    listId: z
      .string()
      .optional()
      .describe('Names the served list and its version; to be sent back with clicks and impressions.'),
    definition: z.string().optional().describe('Name of the served list, e.g. for-you.'),
    rung: z
      .enum([...rung.options, 'none'])
      .describe('The first step of the ladder that gave items; none without any item.'),
    variant: z.string().optional().describe('Variant of the served list.'),
    asOf: asOf.optional().describe('The newest event in the served list.'),
    ageMs: z.number().optional().describe('Time from that event to this answer, ms.'),
    includesEvent: z
      .boolean()
      .optional()
      .describe(
        'Whether the event of `after` is among the last ones in a list that gave items of this answer. False also for one that others have followed.',
      ),
    degraded: z
      .literal(true)
      .optional()
      .describe('The list store did not answer in time: made from what this process remembers.'),
    items: z.array(answerItem).readonly(),
  })
  .readonly();

const batchAnswerSchema = z
  .object({ answers: z.array(answerSchema).readonly().describe('In the order of the requests.') })
  .readonly();

const problemSchema = z
  .object({
    type: z
      .enum(PROBLEM_KINDS.map((kind) => `/problems/${kind}` as const))
      .describe('Stable: what programs compare. New ones may be added.'),
    title: z.string(),
    status: z.number(),
    detail: z.string().describe('What was wrong and what is allowed.'),
    parameter: z.string().optional().describe('What the caller has to change.'),
    requestId: z.string().optional(),
  })
  .readonly();

/** All of them, by the names that the contract gives them. */
export const ANSWER_SCHEMAS = {
  Answer: answerSchema,
  AnswerItem: answerItem,
  ItemFields: card,
  Reason: reason,
  AsOf: asOf,
  BatchAnswer: batchAnswerSchema,
  Problem: problemSchema,
} as const;

/** The JSON of every list endpoint. Without any item, `rung` is `none` and the list's own fields are absent. */
export type Answer = z.infer<typeof answerSchema>;
export type AnswerItem = z.infer<typeof answerItem>;
export type BatchAnswer = z.infer<typeof batchAnswerSchema>;
