// The weights of signals as a text, for a setting: `purchase=3/5/3, wishlist=2/2/2, returned=0.5`. A signal has three weights: pairs,
// popularity, taste; a search has one, and so has an order that is taken back: the share of what it contributed. What is not named
// keeps its default.

import { OTHER_WEIGHTS, type OtherWeights, SIGNALS, type Signal, SignalTable, type SignalWeights } from './signals.ts';

/** Largest weight. */
const MOST = 100;

/** The table that a text describes, or a sentence about what is wrong with it. */
export function parseSignalTable(text: string): SignalTable | string {
  const weights: { [S in Signal]?: SignalWeights } = {};
  const others: { -readonly [name in keyof OtherWeights]?: number } = {};
  for (const part of text.split(',')) {
    const [name = '', value = '', ...rest] = part.split('=').map((piece) => piece.trim());
    const numbers = value
      .split('/')
      .map((number) => (/^-?\d+(\.\d+)?$/.test(number.trim()) ? Number(number) : Number.NaN));
    if (rest.length > 0 || numbers.some(Number.isNaN))
      return `has "${part.trim()}", which is not signal=pairs/popularity/taste`;
    if (Object.hasOwn(OTHER_WEIGHTS, name)) {
      const most = name === 'searched' ? MOST : 1;
      const [weight] = numbers;
      if (numbers.length !== 1 || weight! < 0 || weight! > most)
        return `gives ${name} "${value}", which takes one number from 0 to ${most}`;
      others[name as keyof OtherWeights] = weight!;
    } else if (Object.hasOwn(SIGNALS, name)) {
      const [pair, popularity, profile] = numbers;
      if (numbers.length !== 3 || !isWithin(pair!, 0) || !isWithin(popularity!, 0) || !isWithin(profile!, -MOST))
        return `gives ${name} "${value}", which takes pairs/popularity/taste, each up to ${MOST}, the last also below 0`;
      weights[name as Signal] = { ...SIGNALS[name as Signal], pair: pair!, popularity: popularity!, profile: profile! };
    } else
      return `names "${name}", which is no signal: ${[...Object.keys(SIGNALS), ...Object.keys(OTHER_WEIGHTS)].join(', ')} are`;
  }
  return new SignalTable(weights, others);
}

function isWithin(value: number, least: number): boolean {
  return value >= least && value <= MOST;
}
