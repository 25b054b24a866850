// Gradient boosting of one-split trees on the squared error (Friedman, "Greedy function approximation: a gradient boosting machine",
// Annals of Statistics 2001): each tree is fitted to what the ones before it have left over.

const TREES = 40;
const RATE = 0.2;
/** Thresholds that are tried for each feature. */
const CUTS = 12;

/** Trees whose sum, with `base`, predicts `targets` from `rows`. */
export function boosted(rows, targets) {
  const base = mean(targets);
  const left = targets.map((target) => target - base);
  const stumps = [];
  for (let tree = 0; tree < TREES; tree++) {
    const { feature, threshold, below, above } = bestSplit(rows, left);
    const stump = { feature, threshold, below: RATE * below, above: RATE * above };
    stumps.push(stump);
    for (let i = 0; i < rows.length; i++) left[i] -= leafOf(stump, rows[i]);
  }
  return { stumps, base };
}

/** What the trees predict for a row: what the model has to give, too. */
export function predicted({ stumps, base }, row) {
  return stumps.reduce((sum, stump) => sum + leafOf(stump, row), base);
}

function leafOf({ feature, threshold, below, above }, row) {
  return row[feature] <= threshold ? below : above;
}

function bestSplit(rows, targets) {
  let best;
  for (let feature = 0; feature < rows[0].length; feature++) {
    const values = rows.map((row) => row[feature]).sort((a, b) => a - b);
    for (let cut = 1; cut < CUTS; cut++) {
      const threshold = Math.fround(values[Math.floor((cut * values.length) / CUTS)]);
      const below = targets.filter((_, i) => rows[i][feature] <= threshold);
      const above = targets.filter((_, i) => rows[i][feature] > threshold);
      if (below.length === 0 || above.length === 0) continue;
      const gain = below.length * mean(below) ** 2 + above.length * mean(above) ** 2;
      if (best === undefined || gain > best.gain)
        best = { gain, feature, threshold, below: mean(below), above: mean(above) };
    }
  }
  return best;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
