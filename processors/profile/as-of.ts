// How new a state is: the newest event in it and the ids of the last few.

/** One source event, as far as an `asOf` tells of it. */
export interface EventRef {
  /** Event time, epoch ms. */
  readonly at: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly eventId: string;
}

/** The newest event (by event time) that a state holds. */
export interface AsOf {
  /** Event time, epoch ms. */
  readonly at: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Ids of the last events that changed the state, newest arrival first, at most {@link LAST_EVENT_IDS}. */
  readonly eventIds: readonly string[];
}

/** How many event ids an `asOf` names. */
export const LAST_EVENT_IDS = 5;

/** State `asOf` after `event`. A late event is named among the ids and leaves place and time alone. */
export function advanceAsOf(asOf: AsOf | undefined, event: EventRef): AsOf {
  const eventIds = [event.eventId];
  if (asOf !== undefined) {
    for (const id of asOf.eventIds) if (eventIds.length < LAST_EVENT_IDS && id !== event.eventId) eventIds.push(id);
  }
  const newest = asOf === undefined || event.at >= asOf.at ? event : asOf;
  return { at: newest.at, topic: newest.topic, partition: newest.partition, offset: newest.offset, eventIds };
}
