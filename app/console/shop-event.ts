// What the demo shop's page may send, checked strictly: a field that is missing, of another type or not known refuses the event with
// the field's name. (The engine checks again what it reads from its topics; this is the shop's own edge.)
import { z } from 'zod';
import { MAX_ID_BYTES, parseId } from '../../serving/parameters.ts';
import { ProblemError } from '../../serving/problem.ts';

const id = z.string().superRefine((value, context) => {
  try {
    parseId(value, 'it');
  } catch {
    context.addIssue({ code: 'custom', message: `must be 1 to ${MAX_ID_BYTES} bytes without control characters` });
  }
});
/** Who did it, and on what. Coarse on purpose. */
const who = { visitorId: id, sessionId: id, device: z.enum(['phone', 'tablet', 'desktop']).optional() };
const quantity = z.int().min(1).max(99);
const line = z.strictObject({ itemId: id, quantity });

const schema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal(['view', 'wishlist', 'like', 'dislike']), ...who, itemId: id }),
  z.strictObject({ kind: z.literal(['addToCart', 'removeFromCart']), ...who, itemId: id, quantity }),
  z.strictObject({ kind: z.literal('listClick'), ...who, itemId: id, listId: id, placement: id }),
  z.strictObject({ kind: z.literal('search'), ...who, query: id }),
  z.strictObject({ kind: z.literal('purchase'), ...who, lines: z.array(line).min(1).max(50) }),
  z.strictObject({
    kind: z.literal('bad'),
    ...who,
    fault: z.enum(['missing-item', 'unknown-item', 'future', 'negative-quantity', 'unreadable']),
  }),
]);

/** Something that a visitor of the page did. `bad` is a deliberately wrong record, to be seen among the refused ones. */
export type ShopEvent = z.infer<typeof schema> & {
  /** When the shop took it, epoch ms. The page's own clock is not asked. */
  readonly at: number;
};

/** Ways to be bad, for the wiring that makes the record. */
export type Fault = Extract<ShopEvent, { kind: 'bad' }>['fault'];

/**
 * Reads an event from a parsed body.
 * @throws {ProblemError} `invalid-body`, naming the first field that is wrong.
 */
export function parseShopEvent(body: unknown, nowMs: number): ShopEvent {
  const result = schema.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0];
    const path = issue?.path.join('.') ?? '';
    const field = path === '' ? 'the event' : path;
    throw new ProblemError(
      'invalid-body',
      `${field}: ${issue?.message ?? 'not valid'}`,
      path === '' ? undefined : path,
    );
  }
  return { ...result.data, at: nowMs };
}

const rate = z.strictObject({ eventsPerSecond: z.int().min(0).max(2_000) });

/**
 * Reads the wanted rate of simulated events.
 * @throws {ProblemError} `invalid-body`
 */
export function parseRate(body: unknown): number {
  const result = rate.safeParse(body);
  if (!result.success) {
    throw new ProblemError('invalid-body', 'eventsPerSecond must be a whole number from 0 to 2000.', 'eventsPerSecond');
  }
  return result.data.eventsPerSecond;
}
