import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CONTENT_DIMENSIONS,
  type Content,
  contentOfText,
  contentText,
  contentVectorOf,
  vectorOfTerms,
} from '../../../../processors/content/content-vector.ts';
import { termsOf, termsOfSearch } from '../../../../processors/content/terms.ts';

function content(overrides: Partial<Content> = {}): Content {
  return {
    itemId: 'item',
    title: 'Thing',
    description: null,
    categories: [],
    tags: [],
    brand: null,
    embedding: null,
    ...overrides,
  };
}

function cosine(one: Content, other: Content): number {
  const [a, b] = [contentVectorOf(one)!, contentVectorOf(other)!];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < CONTENT_DIMENSIONS; i++) {
    product += a[i]! * b[i]!;
    squaresA += a[i]! * a[i]!;
    squaresB += b[i]! * b[i]!;
  }
  return product / Math.sqrt(squaresA * squaresB);
}

const OAK = content({ title: 'Oak dining table', categories: ['Furniture', 'Tables'], brand: 'Holm' });

test('items that share words, category and brand are near, others are not', () => {
  const near = content({ title: 'Oak coffee table', categories: ['Furniture', 'Tables'], brand: 'Holm' });
  const far = content({ title: 'Waterproof hiking boots', categories: ['Shoes'], brand: 'Trek' });
  assert.ok(cosine(OAK, near) > 0.7);
  assert.ok(Math.abs(cosine(OAK, far)) < 0.3);
});

test('the estimate of a cosine errs by about a twelfth', () => {
  let squares = 0;
  const pairs = 400;
  for (let i = 0; i < pairs; i++) {
    const words = (from: number) => Array.from({ length: 8 }, (_, k) => `word${i * 100 + from + k}`).join(' ');
    // Half of the words are shared: the true cosine is 1/2.
    squares += (cosine(content({ title: words(0) }), content({ title: words(4) })) - 0.5) ** 2;
  }
  assert.ok(Math.sqrt(squares / pairs) < 0.12);
});

test('case, width and accents as composed do not tell words apart; short words of alphabets do not count', () => {
  assert.deepEqual(termsOf(content({ title: 'CAFÉ of Ｏａｋ' })), termsOf(content({ title: 'cafe\u0301 oak' })));
});

test('texts without blanks count by pairs of characters', () => {
  assert.equal(termsOf(content({ title: '木製テーブル' })).size, 5);
  assert.ok(cosine(content({ title: '木製テーブル' }), content({ title: '丸い木製テーブル' })) > 0.5);
});

test('what is searched for is near to what is called so', () => {
  const query = vectorOfTerms(termsOfSearch('dining table'))!;
  const titled = contentVectorOf(content({ title: 'Dining table' }))!;
  assert.deepEqual(query, titled);
});

test('embeddings of one model are compared, those of two models are not', () => {
  const vector = Array.from({ length: 300 }, (_, i) => Math.sin(i * i));
  const nearly = vector.map((value, i) => value + 0.2 * Math.cos(i * 7));
  const of = (title: string, model: string, values: number[]) =>
    content({ title, embedding: { model, vector: values } });
  assert.ok(cosine(of('alpha', 'm1', vector), of('omega', 'm1', nearly)) > 0.7);
  assert.ok(Math.abs(cosine(of('alpha', 'm1', vector), of('omega', 'm2', nearly))) < 0.35);
  assert.ok(cosine(of('same title', 'm1', vector), of('same title', 'm2', vector)) > 0.1);
});

test('an embedding of zeros leaves the texts to speak, and nothing at all has no vector', () => {
  const zeros = content({ title: 'Lamp shade', embedding: { model: 'm', vector: [0, 0] } });
  assert.deepEqual(contentVectorOf(zeros), contentVectorOf(content({ title: 'Lamp shade' })));
  assert.equal(contentVectorOf(content({ title: 'a b' })), undefined);
  assert.equal(contentVectorOf(content({ title: 'item' })), undefined);
});

test('terms are bounded whatever the texts are, and a vector comes back from its text', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 2000 });
  fc.assert(
    fc.property(texts, texts, fc.array(texts, { maxLength: 30 }), (title, description, tags) => {
      const item = content({ title, description, tags, categories: tags });
      assert.ok(termsOf(item).size <= 137);
      const vector = contentVectorOf(item);
      if (vector !== undefined) assert.deepEqual(contentOfText(contentText(vector)), vector);
    }),
    { numRuns: 50 },
  );
  assert.equal(contentOfText('AAAA'), undefined);
});
