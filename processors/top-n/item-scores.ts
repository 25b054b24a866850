// What speaks for the items in a list about one item: that shoppers went on to them, and that they are near to it in content. In arrays
// that are used again: of some 120 items a list has half, and only those need objects.

import type { ContentIndex } from '../content/content-index.ts';
import { eachNear } from '../content/content-scores.ts';
import type { ItemIndex } from '../item-index.ts';

/** Scores of the items of one list after the other. */
export class ItemScores {
  readonly #index: ItemIndex;
  /** Items, each once. The arrays below have the same order and length. */
  readonly denseIds: number[] = [];
  /** From the item's neighbours. */
  readonly related: number[] = [];
  /** From content; 0 or more. */
  readonly content: number[] = [];

  constructor(index: ItemIndex) {
    this.#index = index;
  }

  /** Begins with nothing. */
  clear(): void {
    this.denseIds.length = 0;
    this.related.length = 0;
    this.content.length = 0;
  }

  /** Takes in an item that is not in. */
  add(denseId: number, related: number, content: number): void {
    this.denseIds.push(denseId);
    this.related.push(related);
    this.content.push(content);
  }

  /**
   * Joins what is near to an item in content and available to what it has from its neighbours: in the share that the list definition
   * sets, and alone for an item that nobody has gone on from yet.
   */
  joinContent(own: number, contentShare: number, content: ContentIndex, shownAtMs: number): void {
    if (contentShare === 0) return;
    const known = this.denseIds.length;
    let best = 0;
    for (let place = 0; place < known; place++) best = Math.max(best, this.related[place]!);
    const share = best > 0 ? contentShare : 1;
    const scale = share * (best > 0 ? best : 1);
    let isNearAny = false;
    eachNear(own, content, (denseId, nearness) => {
      if (!this.#index.isAvailable(denseId, shownAtMs)) return;
      isNearAny = true;
      const place = this.#placeOf(denseId, known);
      if (place >= 0) this.content[place] = scale * nearness;
      else if (this.#index.textOf(denseId) !== undefined) this.add(denseId, 0, scale * nearness);
    });
    if (isNearAny) for (let place = 0; place < known; place++) this.related[place] = this.related[place]! * (1 - share);
  }

  /** Places of the `most` best, best first; those of one score in the order of their ids. */
  best(most: number): number[] {
    const places = Array.from(this.denseIds.keys());
    places.sort((a, b) => this.scoreOf(b) - this.scoreOf(a) || (this.#idAt(a) < this.#idAt(b) ? -1 : 1));
    if (places.length > most) places.length = most;
    return places;
  }

  scoreOf(place: number): number {
    return this.related[place]! + this.content[place]!;
  }

  #idAt(place: number): string {
    return this.#index.textOf(this.denseIds[place]!)!;
  }

  /** They are a hundred at most, which is quicker gone through than a map of them is made. */
  #placeOf(denseId: number, length: number): number {
    for (let place = 0; place < length; place++) if (this.denseIds[place] === denseId) return place;
    return -1;
  }
}
