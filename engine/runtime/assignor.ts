// Which member of the group runs which task, and who keeps a second copy of its state. A pure function of what the members
// tell of themselves, so every member would compute the same; the group's leader does.
//
// Active tasks: the numbers of any two members differ by at most one; a member keeps what it runs as far as that allows, so no
// task moves without need; a task that needs an owner goes to the member that has most of its changelog, else to the one with
// the fewest tasks. Standby tasks: never on the instance of the active one; where there is state already; spread evenly.
// Going by changelog offsets is Kafka Streams' idea (KIP-441); ours moves a task at once instead of warming it up first.
import type { AssignTasks, GroupAssignment, GroupMember } from '../api/index.ts';

export interface AssignorOptions {
  /** Number of tasks: 0 to `tasks - 1` are assigned. */
  readonly tasks: number;
  /** Copies wanted of each task's state beside the active one; fewer where there are not enough instances. */
  readonly standbyReplicas: number;
}

interface Seat {
  readonly member: GroupMember;
  readonly active: number[];
  readonly standby: number[];
}

/**
 * Assigns every task to exactly one member.
 *
 * @returns by memberId; task numbers ascending. Empty without members.
 */
export function assignTasks(
  members: readonly GroupMember[],
  options: AssignorOptions,
): ReadonlyMap<string, GroupAssignment> {
  const seats = members
    .map((member): Seat => ({ member, active: [], standby: [] }))
    .sort((a, b) => (a.member.memberId < b.member.memberId ? -1 : 1));
  if (seats.length > 0) assignStandbys(seats, assignActive(seats, options.tasks), options);
  return new Map(
    seats.map((seat) => [
      seat.member.memberId,
      { active: seat.active.sort((a, b) => a - b), standby: seat.standby.sort((a, b) => a - b) },
    ]),
  );
}

/** {@link assignTasks} as the group wants it. */
export function taskAssignor(options: AssignorOptions): AssignTasks {
  return (members) => assignTasks(members, options);
}

/** Fills `active` and returns the owner of each task. */
function assignActive(seats: readonly Seat[], tasks: number): readonly Seat[] {
  const owners = presentOwners(seats, tasks);
  // `larger` seats get one task more than `share`: those that have it already before others.
  const share = Math.floor(tasks / seats.length);
  let larger = tasks % seats.length;
  for (const seat of seats) {
    const held = owners.flatMap((owner, task) => (owner === seat ? [task] : []));
    const keep = held.length > share && larger > 0 ? share + 1 : share;
    if (keep > share) larger -= 1;
    if (held.length > keep) held.sort((a, b) => betterElsewhere(seats, seat, a) - betterElsewhere(seats, seat, b));
    seat.active.push(...held.slice(0, keep));
    for (const task of held.slice(keep)) owners[task] = undefined;
  }

  // Tasks whose state the fewest members have go first: the others have a choice left after them.
  const choices = owners.map((_, task) => seats.filter((seat) => offsetOf(seat, task) > 0).length || seats.length + 1);
  const free = owners.flatMap((owner, task) => (owner === undefined ? [task] : []));
  for (const task of free.sort((a, b) => choices[a]! - choices[b]!)) {
    const open = seats.filter((seat) => seat.active.length < share + (larger > 0 ? 1 : 0));
    const seat = first(open, (a, b) => offsetOf(b, task) - offsetOf(a, task) || a.active.length - b.active.length);
    if (seat.active.length === share) larger -= 1;
    seat.active.push(task);
    owners[task] = seat;
  }
  return owners as Seat[];
}

/** Who runs each task now. Of two that say so, the one with more of its changelog: the other has been fenced. */
function presentOwners(seats: readonly Seat[], tasks: number): (Seat | undefined)[] {
  const owners = new Array<Seat | undefined>(tasks).fill(undefined);
  for (const seat of seats) {
    for (const task of seat.member.active) {
      if (!(Number.isInteger(task) && task >= 0 && task < tasks)) continue;
      const other = owners[task];
      if (other === undefined || offsetOf(seat, task) > offsetOf(other, task)) owners[task] = seat;
    }
  }
  return owners;
}

/** How much of the state that `seat` has of a task the best of the others has: a task is given up where that costs least. */
function betterElsewhere(seats: readonly Seat[], seat: Seat, task: number): number {
  let most = 0;
  for (const other of seats) if (other !== seat) most = Math.max(most, offsetOf(other, task));
  return most / Math.max(1, offsetOf(seat, task));
}

/** Fills `standby`. */
function assignStandbys(seats: readonly Seat[], owners: readonly Seat[], options: AssignorOptions): void {
  const instances = new Set(seats.map((seat) => seat.member.instanceId)).size;
  const replicas = Math.min(options.standbyReplicas, instances - 1);
  const limit = Math.ceil((owners.length * replicas) / seats.length);
  const taken = owners.map((owner) => new Set([owner.member.instanceId]));
  const place = (seat: Seat, task: number): void => {
    seat.standby.push(task);
    taken[task]!.add(seat.member.instanceId);
  };
  for (let replica = 0; replica < replicas; replica++) {
    for (let task = 0; task < owners.length; task++) {
      const allowed = seats.filter((seat) => !taken[task]!.has(seat.member.instanceId));
      const open = allowed.filter((seat) => seat.standby.length < limit);
      const candidates = open.length > 0 ? open : allowed;
      place(
        first(candidates, (a, b) => offsetOf(b, task) - offsetOf(a, task) || a.standby.length - b.standby.length),
        task,
      );
    }
  }
  spread(seats, taken);
}

/** Moves standby tasks from the members with the most to those with the fewest, as far as instances allow. */
function spread(seats: readonly Seat[], taken: readonly Set<string>[]): void {
  for (let moves = findMoves(seats, taken); moves !== undefined; moves = findMoves(seats, taken))
    for (const { from, to, task } of moves) {
      from.standby.splice(from.standby.indexOf(task), 1);
      taken[task]!.delete(from.member.instanceId);
      to.standby.push(task);
      taken[task]!.add(to.member.instanceId);
    }
}

interface Move {
  readonly from: Seat;
  readonly to: Seat;
  readonly task: number;
}

/**
 * A chain of moves from a member to one with at least two tasks fewer, so that loads become more equal and the moves end. A chain, since a
 * task may not be allowed where there is room, but may take the place of one that is.
 */
function findMoves(seats: readonly Seat[], taken: readonly Set<string>[]): readonly Move[] | undefined {
  const byLoad = [...seats].sort((a, b) => a.standby.length - b.standby.length);
  for (const start of byLoad.toReversed()) {
    const cameBy = new Map<Seat, Move | undefined>([[start, undefined]]);
    for (const from of cameBy.keys())
      for (const to of byLoad) {
        const task = cameBy.has(to) ? undefined : movableTask(from, to, taken);
        if (task === undefined) continue;
        cameBy.set(to, { from, to, task });
        if (start.standby.length - to.standby.length >= 2) return chainTo(to, cameBy);
      }
  }
  return undefined;
}

/** The last move first: each makes room for the one before it. */
function chainTo(end: Seat, cameBy: ReadonlyMap<Seat, Move | undefined>): readonly Move[] {
  const chain: Move[] = [];
  for (let move = cameBy.get(end); move !== undefined; move = cameBy.get(move.from)) chain.push(move);
  return chain;
}

/** The standby task of `from` that may go to `to` and costs least there. */
function movableTask(from: Seat, to: Seat, taken: readonly Set<string>[]): number | undefined {
  const movable = from.standby.filter(
    (task) => !taken[task]!.has(to.member.instanceId) || to.member.instanceId === from.member.instanceId,
  );
  return movable.length === 0 ? undefined : first(movable, (a, b) => offsetOf(from, a) - offsetOf(from, b));
}

function offsetOf(seat: Seat, task: number): number {
  return seat.member.offsets[task] ?? 0;
}

/** The first of the smallest: what stands earlier wins a tie, so the order of the seats decides and nothing else. */
function first<T>(candidates: readonly T[], compare: (a: T, b: T) => number): T {
  return candidates.reduce((best, candidate) => (compare(candidate, best) < 0 ? candidate : best));
}
