// Bytes that an earlier version wrote must stay readable, and a value must keep its bytes: both are compared with what lies here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Serde } from '../../../engine/api/index.ts';
import {
  campaignRuleSerde,
  itemBlockSerde,
  itemCardSerde,
  topListSerde,
  visitorBlockSerde,
} from '../../../lists/index.ts';
import {
  block,
  campaignRule,
  card,
  emptyList,
  list,
  rankedList,
  tracedList,
  visitorAudience,
  visitorBlock,
} from './sample.ts';

function isGolden<V>(name: string, serde: Serde<V>, value: V, version = 1): void {
  it(`${name} has the bytes of version ${version}, and is read from them`, () => {
    const golden = readFileSync(join(import.meta.dirname, `${name}.v${version}.bin`));
    assert.equal(Buffer.from(serde.serialize(value)).toString('latin1'), golden.toString('latin1'));
    assert.deepEqual(serde.deserialize(golden), value);
  });
}

describe('published bytes', () => {
  isGolden('list', topListSerde, list);
  isGolden('list', topListSerde, tracedList, 2);
  isGolden('list', topListSerde, rankedList, 3);
  isGolden('empty-list', topListSerde, emptyList);
  isGolden('card', itemCardSerde, card);
  isGolden('item-block', itemBlockSerde, block);
  isGolden('visitor-block', visitorBlockSerde, visitorBlock);
  isGolden('visitor-audience', visitorBlockSerde, visitorAudience);
  isGolden('campaign-rule', campaignRuleSerde, campaignRule);
});
