import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCatalog } from '../../../../tools/simulator/catalog.ts';
import { DEPARTMENTS } from '../../../../tools/simulator/catalog-words.ts';

test('the catalog has 650 products with unique ids and titles, 600 of them on sale', () => {
  const { products, shelves } = buildCatalog(1);
  assert.equal(products.length, 650);
  assert.equal(new Set(products.map((product) => product.id)).size, 650);
  assert.equal(new Set(products.map((product) => product.title)).size, 650);
  assert.equal(products.filter((product) => product.isListed).length, 600);
  assert.equal(shelves.length, 50);
});

test('every price lies within the range of its shelf and every product has stock', () => {
  const ranges = new Map(
    DEPARTMENTS.flatMap(({ shelves }) => shelves.map((shelf) => [shelf.name, shelf.prices] as const)),
  );
  for (const product of buildCatalog(2).products) {
    const [from, to] = ranges.get(product.shelf)!;
    assert.ok(product.listPrice >= from - 1 && product.listPrice <= to, `${product.title} ${product.listPrice}`);
    assert.ok(Number.isSafeInteger(product.stock) && product.stock > 0);
  }
});

test('every shelf goes with shelves that exist', () => {
  const names = new Set(DEPARTMENTS.flatMap(({ shelves }) => shelves.map((shelf) => shelf.name)));
  for (const { shelves } of DEPARTMENTS) {
    for (const shelf of shelves)
      for (const other of shelf.goesWith) assert.ok(names.has(other), `${shelf.name}: ${other}`);
  }
});

test('related products are on the same shelf and complements on shelves that go with it', () => {
  const { products } = buildCatalog(3);
  const goesWith = new Map(DEPARTMENTS.flatMap(({ shelves }) => shelves.map((shelf) => [shelf.name, shelf.goesWith])));
  for (const product of products) {
    assert.ok(product.related.length > 0 && product.complements.length > 0);
    for (const index of product.related) {
      assert.equal(products[index]!.shelf, product.shelf);
      assert.notEqual(index, product.index);
    }
    for (const index of product.complements) assert.ok(goesWith.get(product.shelf)!.includes(products[index]!.shelf));
  }
});
