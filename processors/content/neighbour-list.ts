// A short list of numbers with their cosines, nearest first.

/** One of the nearest. */
export interface Neighbour {
  readonly number: number;
  /** -1 to 1. */
  readonly cosine: number;
}

/** Decides between equally near ones, so that a list is a function of its members. */
export type IsBefore = (a: number, b: number) => boolean;

/** Puts a neighbour where it belongs among the `most` nearest; it is left out where it is farther than all of them. */
export function insertNeighbour(list: Neighbour[], most: number, neighbour: Neighbour, isBefore: IsBefore): void {
  const { number, cosine } = neighbour;
  let at = list.length;
  while (at > 0) {
    const other = list[at - 1]!;
    if (other.cosine > cosine || (other.cosine === cosine && !isBefore(number, other.number))) break;
    at--;
  }
  if (at === most) return;
  list.splice(at, 0, neighbour);
  if (list.length > most) list.pop();
}
