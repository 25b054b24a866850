import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Serde } from '../../../engine/api/index.ts';
import { campaignRuleSerde } from '../../../lists/index.ts';
import { CampaignRulesProcessor } from '../../../processors/campaign-rules.ts';
import { attributeHashes } from '../../../processors/catalog-entry.ts';
import { createFileSchemaSource, createSerdes } from '../../../schemas/index.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import type { Campaign } from '../../../schemas/records.ts';
import { listFormat } from '../../../topology/list-format.ts';
import { FakeContext, streamRecord } from '../../support/fake-context.ts';
import { campaign } from './records.ts';

const STORE = 'own-campaigns';
const AT = Date.UTC(2026, 0, 10);
const serdes = createSerdes(createFileSchemaSource());

const record = (value: Campaign | null, key = 'c') =>
  streamRecord<Campaign>({ topic: 'campaigns', key, value, timestampMs: value?.at ?? AT });

function open(database?: FakeContext['database']) {
  const context = new FakeContext({
    stores: { [STORE]: serdes.campaigns as Serde<unknown> },
    ...(database !== undefined && { database }),
  });
  const processor = new CampaignRulesProcessor({ format: listFormat, campaignsStore: STORE, listsSink: 'lists' });
  processor.init(context);
  return { context, processor };
}

/** What was published, in order, by key. */
const published = (context: FakeContext) =>
  context.sent.map(({ record: { key, value } }) => [
    key,
    value === null ? null : campaignRuleSerde.deserialize(value as Uint8Array),
  ]);

test('an exclusion is published with its targets, audience, placements and validity', () => {
  const { context, processor } = open();
  const audience = { segments: ['gold'], regions: ['north'], devices: [] };
  processor.process([
    record(
      campaign({
        kind: 'exclude',
        campaignId: 'c',
        at: AT,
        items: ['a'],
        categories: ['x'],
        brands: ['b'],
        attributes: { colour: 'red' },
        audience,
        placements: ['popular'],
        validFrom: 5,
        validTo: 9,
      }),
    ),
  ]);
  assert.deepEqual(published(context), [
    [
      'campaign:c',
      {
        kind: 'exclude',
        validFrom: 5,
        validTo: 9,
        exclusion: {
          itemHashes: [itemHash('a')],
          categories: ['x'],
          brands: ['b'],
          attributeHashes: attributeHashes({ colour: 'red' }),
          placements: ['popular'],
          audience,
        },
      },
    ],
  ]);
});

test('of other kinds, kind and validity are published', () => {
  const { context, processor } = open();
  processor.process([
    record(campaign({ kind: 'pin', campaignId: 'c', at: AT, items: ['a'], validTo: 9 })),
    record(campaign({ kind: 'sponsor', campaignId: 'd', at: AT, items: ['a'], validFrom: 5 }), 'd'),
  ]);
  assert.deepEqual(published(context), [
    ['campaign:c', { kind: 'pin', validTo: 9 }],
    ['campaign:d', { kind: 'sponsor', validFrom: 5 }],
  ]);
});

test('a tombstone removes what was published, an older event changes nothing', () => {
  const { context, processor } = open();
  processor.process([
    record(campaign({ kind: 'pin', campaignId: 'c', at: AT + 2 })),
    record(campaign({ kind: 'exclude', campaignId: 'c', at: AT + 1 })),
    record(null),
  ]);
  assert.deepEqual(published(context), [
    ['campaign:c', { kind: 'pin' }],
    ['campaign:c', null],
  ]);
});

test('an exclusion of as many items as the contract allows can be published', () => {
  const { context, processor } = open();
  const items = Array.from({ length: 10_000 }, (_, i) => `${'item-with-a-long-name-'.repeat(4)}${i}`);
  processor.process([record(campaign({ kind: 'exclude', campaignId: 'c', at: AT, items }))]);
  assert.equal(context.sent.length, 1);
});

test('after a restart the same bytes are published again, a tombstone for what has ended, and other keys are left alone', () => {
  const first = open();
  first.processor.process([record(campaign({ kind: 'exclude', campaignId: 'c', at: AT, items: ['a'] }))]);
  first.context.commit();
  const second = open(first.context.database);
  second.processor.republish('lists', ['campaign:c', 'campaign:ended', 'card:c']);
  const bytes = first.context.sent[0]!.record.value;
  assert.deepEqual(
    second.context.sent.map(({ record: { key, value } }) => [key, value]),
    [
      ['campaign:c', bytes],
      ['campaign:ended', null],
    ],
  );
});
