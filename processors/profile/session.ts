// Which session an event belongs to, and where a signal lands in it.
//
// An event belongs to the current session when both name the same session, or when one of them names none and their times are
// at most 30 minutes apart. An event that does not: if it is newer than the session, it starts the next one; if it is older (a
// late event of a session gone by), it is treated as a session of its own that is not kept, so it counts for itself and is
// paired with nothing but the lines of its own order. A late event that does belong is placed last, in order of arrival, and
// weighs by its own time.
//
// A signal about an item x joins the interaction that is already there instead of making a second one, if
//   - it is a look (view, click in a list) and the newest interaction is about x and has not had this kind of look yet
//     (a click in a list and the view that it leads to are one interaction; a second view is a repetition), or
//   - it is stronger than a look and one of the last H interactions is about x and has not had this signal yet.
// Joined, it adds only what it weighs more than the interaction did before, to the pairs of that interaction with those before
// it. So view, cart, purchase of one item pair it with its predecessors once, at the weight of the purchase, and never with
// itself. A strong signal (not a purchase) that the interaction has had already adds nothing. Everything else is a new
// interaction.

import { type Interaction, PARTNERS, type Profile, SESSION_GAP_MS, type Session } from './profile.ts';
import { DEFAULT_SIGNALS, kindBit, type Signal, type SignalTable } from './signals.ts';

/** Where an event belongs. */
export type SessionFit = 'current' | 'next' | 'own';

/** Decides where an event of a time and a session id (if any) belongs. */
export function fitSession(current: Session | undefined, at: number, sessionId: string | undefined): SessionFit {
  if (current === undefined) return 'next';
  const belongs =
    current.id !== undefined && sessionId !== undefined
      ? current.id === sessionId
      : Math.abs(at - current.lastAt) <= SESSION_GAP_MS;
  if (belongs) return 'current';
  return at < current.lastAt ? 'own' : 'next';
}

/** What {@link enterSession} gives. */
export interface EnteredSession {
  /** Interactions that the event is paired with and placed among. */
  readonly interactions: Interaction[];
  /** Id of the session that the event ended, if it had one. */
  readonly endedSessionId: string | undefined;
  /** The event is older than the newest of its visitor. */
  readonly isLate: boolean;
  /** The event is a session of its own. */
  readonly isOwn: boolean;
  /** The event is the first of a session. */
  readonly isFirst: boolean;
  /** What was bought or disliked in the session before, or where it took place, is forgotten with it. */
  readonly isForgotten: boolean;
}

/** Brings the profile's session to an event. */
export function enterSession(profile: Profile, at: number, sessionId: string | undefined): EnteredSession {
  const current = profile.session;
  const isLate = current !== undefined && at < current.lastAt;
  const fit = fitSession(current, at, sessionId);
  const same = { endedSessionId: undefined, isLate, isFirst: false, isForgotten: false };
  if (fit === 'own') return { ...same, interactions: [], isOwn: true };
  if (fit === 'next' || current === undefined) {
    const interactions: Interaction[] = [];
    profile.session = {
      id: sessionId,
      startedAt: at,
      lastAt: at,
      interactions,
      referrer: undefined,
      searched: undefined,
    };
    const isForgotten = forgetWithSession(profile);
    return { interactions, endedSessionId: current?.id, isLate, isOwn: false, isFirst: true, isForgotten };
  }
  if (at > current.lastAt) current.lastAt = at;
  if (current.id === undefined) current.id = sessionId;
  return { ...same, interactions: current.interactions, isOwn: false };
}

/** With limited consent nothing outlives the session. Returns whether there was anything. */
function forgetWithSession(profile: Profile): boolean {
  if (profile.consent !== 'limited') return false;
  const { bought, disliked, device, region } = profile;
  if (bought.length + disliked.length === 0 && device === undefined && region === undefined) return false;
  profile.bought = [];
  profile.disliked = [];
  profile.device = undefined;
  profile.region = undefined;
  return true;
}

/** Where a signal landed. */
export interface Placement {
  /** Index of the interaction. */
  position: number;
  /** What the signal adds to the pair weight; 0 where it adds nothing. */
  weight: number;
  /** The signal made the interaction. */
  isNew: boolean;
  /** A look at an item that is among the H interactions before. */
  isRepeat: boolean;
}

/** Places a signal with a pair weight, see the rules above. Changes `interactions` and `out`, which is returned. */
export function placeSignal(
  interactions: Interaction[],
  item: string,
  signal: Signal,
  out: Placement,
  signals: SignalTable = DEFAULT_SIGNALS,
): Placement {
  const { pair, isLook } = signals.of(signal);
  const bit = kindBit[signal];
  const newest = interactions.length - 1;
  const oldest = isLook ? newest : newest - PARTNERS + 1;
  for (let position = newest; position >= 0 && position >= oldest; position--) {
    const interaction = interactions[position]!;
    if (interaction.item !== item) continue;
    const hadSignal = (interaction.kinds & bit) !== 0;
    if (hadSignal && (isLook || signal === 'purchase')) break;
    out.position = position;
    out.weight = hadSignal ? 0 : Math.max(0, pair - signals.pairWeightOf(interaction.kinds));
    out.isNew = false;
    out.isRepeat = false;
    interaction.kinds |= bit;
    interaction.revoked &= ~bit;
    return out;
  }
  out.position = interactions.length;
  out.weight = pair;
  out.isNew = true;
  out.isRepeat = false;
  if (isLook) {
    for (let position = newest; position >= 0 && position > newest - PARTNERS; position--) {
      if (interactions[position]!.item === item) out.isRepeat = true;
    }
  }
  interactions.push({ item, kinds: bit, revoked: 0 });
  return out;
}

/** Signals about an item hold no longer, see {@link Interaction.revoked}. `bit` is one of {@link kindBit} or 0. */
export function revokeKind(interactions: readonly Interaction[], item: string, bit: number): void {
  if (bit === 0) return;
  for (const interaction of interactions) if (interaction.item === item) interaction.revoked |= interaction.kinds & bit;
}

/** Interactions to be paired with apart from the session. */
export function copyForPairing(interactions: readonly Interaction[]): Interaction[] {
  return interactions.map(({ item, kinds }) => ({ item, kinds, revoked: 0 }));
}
