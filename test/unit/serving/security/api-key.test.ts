import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createApiKey, KeyRing } from '../../../../serving/security/api-key.ts';

const NOW = Date.UTC(2026, 10, 21);

const create = (further: object = {}) =>
  createApiKey({ name: 'storefront', tenant: 'shop', scopes: ['public'], ...further }, NOW);

test('a key is found by its text, and what is kept of it does not contain the secret', () => {
  const { text, record } = create();
  assert.equal(new KeyRing([record], 'shop').find(text, NOW), record);
  const secret = text.slice('fk_0123456789ab_'.length);
  assert.equal(Buffer.from(secret, 'base64url').length, 32);
  assert.ok(!JSON.stringify(record).includes(secret));
});

test('any other text is no key', () => {
  const { text, record } = create();
  const ring = new KeyRing([record], 'shop');
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (place, character) => {
      fc.pre(text[place] !== character);
      assert.equal(ring.find(text.slice(0, place) + character + text.slice(place + 1), NOW), undefined);
    }),
  );
  for (const other of ['', text.slice(0, -1), `${text}A`, ` ${text}`, create().text]) {
    assert.equal(ring.find(other, NOW), undefined);
  }
});

test('a key ends when it says, and one of another application was never one', () => {
  const { text, record } = create({ expiresAt: new Date(NOW + 1_000).toISOString() });
  const ring = new KeyRing([record], 'shop');
  assert.equal(ring.find(text, NOW + 999), record);
  assert.equal(ring.find(text, NOW + 1_000), undefined);
  assert.equal(new KeyRing([record], 'other').find(text, NOW), undefined);
});

test('keys are all different', () => {
  assert.equal(new Set(Array.from({ length: 1_000 }, () => create().text)).size, 1_000);
});
