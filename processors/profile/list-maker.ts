// The port through which USERS has its lists made. Lists are made once per batch for all visitors that changed, so that the
// maker can bring the rows of many of them into memory with one multi-get.

import type { ProcessorContext } from '../../engine/api/index.ts';
import type { Profile } from './profile.ts';

/** A visitor whose lists are due. */
export interface ChangedVisitor {
  readonly visitorId: string;
  /** Not to be changed; `undefined` when the visitor was erased: every key of the visitor is to be removed. */
  readonly profile: Profile | undefined;
  /**
   * Whether what the visitor bought or dislikes, or the visitor's audience, may have changed: only then is the block entry published
   * or removed, and may a list have lost its last item.
   */
  readonly blocksChanged: boolean;
  /**
   * Whether the visitor began a session or a day. Entries of visitors expire some time after their publication (lists/redis-layout.ts), and lists are
   * published with every look: the block entry, where there is one, has to last as long as they do.
   */
  readonly isNewVisit: boolean;
  /** Whether something was forgotten that was known of the visitor: published lists that come from it are to go at once. */
  readonly isForgotten: boolean;
  /** Sessions that are no longer the visitor's: their lists are to be removed. */
  readonly endedSessionIds: readonly string[];
}

/**
 * Makes and forwards what is published of a visitor: the visitor's list, the list of the current session, the block entry.
 *
 * What it forwards must be a function of the profile, of committed stores and of the task's stream time; never of a clock:
 * `republish` has to give the same bytes.
 */
export interface VisitorListMaker {
  /** Forwards everything that is published of these visitors, who are all that a batch changed; in a backlog some lists later. */
  visitorsChanged(changed: readonly ChangedVisitor[], context: ProcessorContext): void | Promise<void>;
  /**
   * Makes the lists of visitors who were not active anew, because what they hold or come from has changed, and forwards those that
   * differ from what was published. Returns how many did.
   */
  listsDue(visitors: readonly ChangedVisitor[], context: ProcessorContext): number;
  /** The visitors that own keys of this sink; keys of sessions and of others are skipped. */
  visitorsOf(keys: readonly string[]): readonly string[];
  /**
   * The keys under which a visitor's list and block, where there is one, are published. The session's key is not among them: its
   * list comes with the visitor's.
   */
  keysOf(visitorId: string, profile: Profile): readonly string[];
  /**
   * Forwards these keys and, with a visitor's list, that of the visitor's current session. `visitors` are those of {@link visitorsOf};
   * a session key that is the current session of none of them belongs to a session that has ended, and is removed.
   */
  republish(
    sink: string,
    keys: readonly string[],
    visitors: readonly ChangedVisitor[],
    context: ProcessorContext,
  ): void | Promise<void>;
}
