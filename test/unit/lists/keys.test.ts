import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CARD_PREFIX,
  campaignKey,
  cardKey,
  ITEM_BLOCK_PREFIX,
  idBehind,
  itemBlockKey,
  listKey,
  parseListKey,
  visitorBlockKey,
} from '../../../lists/index.ts';

describe('keys', () => {
  it('have the documented form', () => {
    assert.equal(listKey('visitor', 'for-you', 'default', 'v1'), 'list:visitor:for-you:default:v1');
    assert.equal(
      listKey('segment', 'popular', 'default', 'category=Mugs'),
      'list:segment:popular:default:category=Mugs',
    );
    assert.equal(cardKey('A-1'), 'card:A-1');
    assert.equal(itemBlockKey('A-1'), 'block:item:A-1');
    assert.equal(visitorBlockKey('v1'), 'block:visitor:v1');
    assert.equal(campaignKey('sale'), 'campaign:sale');
  });

  it('of lists are taken apart again, whatever the owner is called', () => {
    for (const owner of ['v1', 'user:42', ':', 'a:b:c', 'line\nbreak', 'é\u{1f600}']) {
      const parts = { kind: 'visitor', definition: 'for-you', variant: 'default', owner } as const;
      assert.deepEqual(parseListKey(listKey('visitor', 'for-you', 'default', owner)), parts);
    }
  });

  it('that are not of lists have no parts', () => {
    for (const key of [
      'card:A-1',
      'list:shop:for-you:default:v1',
      'list:visitor:for-you:default:',
      'list:visitor:v1',
      '',
    ]) {
      assert.equal(parseListKey(key), undefined);
    }
  });

  it('are refused when a name would be mistaken for two', () => {
    assert.throws(() => listKey('visitor', 'for:you', 'default', 'v1'), TypeError);
    assert.throws(() => listKey('visitor', 'for-you', '', 'v1'), TypeError);
    assert.throws(() => listKey('visitor', 'for-you', 'default', ''), TypeError);
  });

  it('give back the id behind their prefix', () => {
    assert.equal(idBehind(CARD_PREFIX, cardKey('a:1')), 'a:1');
    assert.equal(idBehind(ITEM_BLOCK_PREFIX, visitorBlockKey('v1')), undefined);
  });
});
