// An item's content as a short vector: a sparse random projection (Achlioptas, "Database-friendly random projections", JCSS 2003;
// Li, Hastie, Church, "Very sparse random projections", KDD 2006) of its terms and of the shop's own embedding, quantised to one
// byte per dimension. Cosines between vectors estimate those between the originals, with a standard error of about 1/√128 = 0.09.
//
// A term or an embedding's dimension goes to a few fixed places with fixed signs, derived from its hash. An embedding's hashes have
// its model in them, so vectors of two models come out nearly orthogonal: only those of one model are compared, as the contract
// says, and items of different models are still compared by their texts.

import { itemHash } from '../../schemas/item-hash.ts';
import type { CatalogItem } from '../../schemas/records.ts';
import { type Described, type Terms, termsOf } from './terms.ts';

/** Dimensions of a content vector, a power of two. At half of it chance cosines of 0.5 crowd out real ones among 40,000 items. */
export const CONTENT_DIMENSIONS = 128;
/** Places that a term or an embedding's dimension goes to. */
const PLACES = 8;
/** What the texts count against the embedding, where there is one: a model has read them too. */
const TEXT_BESIDE_EMBEDDING = 0.5;
const LARGEST = 127;

/** What a vector is made from. */
export type Content = Described & Pick<CatalogItem, 'itemId' | 'embedding'>;

/** Vector of an item, -127 to 127 per dimension; `undefined` where nothing says what it is. Part of the stored format. */
export function contentVectorOf(item: Content): Int8Array | undefined {
  const sums = projected(termsOf(item));
  const embedded = item.embedding === null ? undefined : projectedEmbedding(item.embedding);
  if (embedded !== undefined) {
    const textScale = TEXT_BESIDE_EMBEDDING / (length(sums) || 1);
    const embeddingScale = 1 / (length(embedded) || 1);
    for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! * textScale + embedded[i]! * embeddingScale;
  }
  return quantised(sums);
}

/** Vector of weighted terms alone. */
export function vectorOfTerms(terms: Terms): Int8Array | undefined {
  return quantised(projected(terms));
}

/** Text of a vector, for entries that are kept as JSON. */
export function contentText(vector: Int8Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.length).toString('base64');
}

/** The vector of a text; `undefined` where it is that of other dimensions. */
export function contentOfText(text: string): Int8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === CONTENT_DIMENSIONS ? new Int8Array(bytes) : undefined;
}

/** Euclidean length. */
export function length(vector: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  return Math.sqrt(squares);
}

function projected(terms: Terms): Float64Array {
  const sums = new Float64Array(CONTENT_DIMENSIONS);
  for (const [hash, weight] of terms) scatter(hash, weight, sums);
  return sums;
}

function projectedEmbedding({ model, vector }: NonNullable<CatalogItem['embedding']>): Float64Array {
  const seed = itemHash(`embedding:${model}`);
  const sums = new Float64Array(CONTENT_DIMENSIONS);
  for (let i = 0; i < vector.length; i++) if (vector[i] !== 0) scatter(seed + i, vector[i]!, sums);
  return sums;
}

/** Adds a weight, with signs, to the places of a hash. Two places may be the same one. */
function scatter(hash: number, weight: number, sums: Float64Array): void {
  // Steps of the splitmix32 kind over both halves of the hash.
  let state = (hash | 0) ^ Math.imul(Math.floor(hash / 0x1_0000_0000), 0x9e3779b1);
  for (let i = 0; i < PLACES; i++) {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    mixed ^= mixed >>> 15;
    const place = mixed & (CONTENT_DIMENSIONS - 1);
    sums[place] = sums[place]! + (mixed < 0 ? -weight : weight);
  }
}

/** The vector in bytes, its largest component at the end of the scale. */
function quantised(sums: Float64Array): Int8Array | undefined {
  let highest = 0;
  for (const sum of sums) if (Math.abs(sum) > highest) highest = Math.abs(sum);
  if (!(highest > 0) || !Number.isFinite(highest)) return undefined;
  return Int8Array.from(sums, (sum) => Math.round((sum / highest) * LARGEST));
}
