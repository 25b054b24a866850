// What a cosine of two content vectors says.

/** Cosines up to this, two standard errors of the projection, come by chance. */
const CHANCE = 0.2;

/**
 * How near two contents are, 0 to 1, by their cosine. Where all items of a shop have words in common, the cosine that is usual there
 * says nothing either.
 */
export function nearness(cosine: number, usual = 0): number {
  const floor = CHANCE + usual;
  return cosine > floor ? (cosine - floor) / (1 - floor) : 0;
}
