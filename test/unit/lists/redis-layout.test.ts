import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cardKey, itemBlockKey, listKey, visitorBlockKey } from '../../../lists/index.ts';
import {
  isExpiring,
  RedisLayout,
  storedValue,
  storedVersion,
  VERSION_BYTES,
  writeStored,
} from '../../../lists/redis-layout.ts';
import { crc16, slotOf } from '../../../lists/redis-slot.ts';

const layout = new RedisLayout('freshet:shop:');
const keys = fc
  .tuple(
    fc.constantFrom('card:', 'block:item:', 'campaign:', 'list:item:', '', '{', '#', '\\'),
    fc.string({ unit: 'grapheme' }),
  )
  .map(([kind, rest]) => kind + rest);

describe('the layout of Redis', () => {
  it('leads back from a place to its key, whatever the key', () => {
    fc.assert(fc.property(keys, (key) => assert.equal(layout.keyOf(layout.redisKey(key)), key)));
  });

  it('puts a key under one of the prefixes of each beginning of it', () => {
    fc.assert(
      fc.property(keys, fc.nat(12), (key, length) => {
        const prefixes = layout.redisPrefixes(key.slice(0, length));
        assert.equal(prefixes.filter((prefix) => layout.redisKey(key).startsWith(prefix)).length, 1);
      }),
    );
  });

  it('names in an index what precedes the id, in bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        const { redisKey, index } = layout.place(cardKey(id));
        assert.equal(Buffer.from(redisKey).subarray(index!.skipBytes).toString(), id);
        assert.equal(slotOf(redisKey), slotOf(index!.redisKey));
        assert(layout.indexes('card:')!.redisKeys.includes(index!.redisKey));
      }),
    );
  });

  it('keeps lists under their own keys, without an index', () => {
    const key = listKey('visitor', 'for-you', 'default', 'v1');
    assert.deepEqual(layout.place(key), { redisKey: 'freshet:shop:list:visitor:for-you:default:v1' });
    assert.equal(layout.indexes(key), undefined);
  });

  it('takes neither indexes nor keys of other tenants for keys', () => {
    for (const redisKey of layout.indexes('card:')!.redisKeys) assert.equal(layout.keyOf(redisKey), undefined);
    for (const redisKey of layout.generationKeys(true)) assert.equal(layout.keyOf(redisKey), undefined);
    assert.equal(layout.keyOf('freshet:other:card:1'), undefined);
  });

  it('lets only what belongs to a visitor or session expire', () => {
    const owners = ['visitor', 'session', 'item', 'segment'] as const;
    const expiring = owners.filter((kind) => isExpiring(listKey(kind, 'd', 'default', 'o')));
    assert.deepEqual(expiring, ['visitor', 'session']);
    assert.equal(isExpiring(visitorBlockKey('v')), true);
    assert.equal(isExpiring(itemBlockKey('i')), false);
    assert.equal(isExpiring(cardKey('i')), false);
  });

  it('gives back what was stored', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 1 }), (version, value) => {
        const encode = (of: Uint8Array | null) => {
          const bytes = Buffer.alloc(VERSION_BYTES + (of?.length ?? 0));
          writeStored(bytes, 0, version, of);
          return bytes;
        };
        const stored = encode(value);
        assert.equal(storedVersion(stored), version);
        assert.deepEqual(Buffer.from(storedValue(stored)!), Buffer.from(value));
        assert.equal(storedValue(encode(null)), undefined);
      }),
    );
  });
});

describe('slots of a cluster', () => {
  it('agree with the specification', () => {
    assert.equal(crc16('123456789'), 0x31c3);
    assert.equal(slotOf('123456789'), 0x31c3);
    // redis-cli: CLUSTER KEYSLOT
    assert.equal(slotOf('foo'), 12_182);
    assert.equal(slotOf('{user1000}.following'), slotOf('{user1000}.followers'));
    assert.equal(slotOf('foo{}{bar}'), crc16('foo{}{bar}') % 16_384);
    assert.equal(slotOf('foo{{bar}}zap'), slotOf('{{bar}'));
    assert.equal(slotOf('foo{bar}{zap}'), slotOf('bar'));
    assert.equal(slotOf('foo}{bar'), crc16('foo}{bar') % 16_384);
  });
});
