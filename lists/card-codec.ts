// Bytes of item cards, blocks, campaigns and placements: one version byte, then JSON. They change seldom and serving keeps them in memory, so they are in
// a form that an operator can read.
import { RefusedRecordError, type Serde } from '../engine/api/index.ts';
import type { Placement } from '../schemas/list-settings.ts';
import type { CampaignRule, ItemBlock, ItemCard, VisitorBlock } from './list.ts';
import { MAX_LIST_VALUE_BYTES } from './list-store.ts';

const VERSION = 1;

/**
 * Like all serdes of this file: serialising throws `RangeError` when the value takes more than {@link MAX_LIST_VALUE_BYTES}, and
 * deserialising refuses with `card-format-unknown` what has another version, and with `card-malformed` what cannot be read.
 */
export const itemCardSerde: Serde<ItemCard> = versionedJson<ItemCard, ItemCard>(itself, (card) => {
  check(typeof card.id === 'string' && typeof card.title === 'string' && Array.isArray(card.categories));
  return card;
});

export const itemBlockSerde: Serde<ItemBlock> = versionedJson<ItemBlock, ItemBlock>(itself, (block) => {
  check(block.reason === 'sold-out' || block.reason === 'withdrawn');
  return block;
});

/** A block of items alone is their array. */
export const visitorBlockSerde: Serde<VisitorBlock> = versionedJson<VisitorBlock, VisitorBlock | readonly string[]>(
  (block) => (Object.keys(block).length === 1 ? block.items : block),
  (body) => {
    const block: VisitorBlock = 'items' in body ? body : { items: body };
    check(Array.isArray(block.items) && (block.segments === undefined || Array.isArray(block.segments)));
    return block;
  },
);

export const campaignRuleSerde: Serde<CampaignRule> = versionedJson<CampaignRule, CampaignRule>(itself, (rule) => {
  check(typeof rule.kind === 'string');
  if (rule.exclusion !== undefined) {
    const { itemHashes, categories, brands, attributeHashes, placements, audience } = rule.exclusion;
    const { segments, regions, devices } = audience;
    check([itemHashes, categories, brands, attributeHashes, placements].every(Array.isArray));
    check([segments, regions, devices].every(Array.isArray));
  }
  return rule;
});

export const placementSerde: Serde<Placement> = versionedJson<Placement, Placement>(itself, (placement) => {
  check(typeof placement.isOn === 'boolean' && Number.isInteger(placement.n));
  check(Array.isArray(placement.lists) && Array.isArray(placement.fallbacks));
  return placement;
});

function versionedJson<V, Body>(toBody: (value: V) => Body, fromBody: (body: Body) => V): Serde<V> {
  return {
    serialize(value) {
      const text = JSON.stringify(toBody(value));
      const length = 1 + Buffer.byteLength(text);
      if (length > MAX_LIST_VALUE_BYTES) {
        throw new RangeError(`a value of ${length} bytes is larger than ${MAX_LIST_VALUE_BYTES}`);
      }
      const bytes = Buffer.allocUnsafe(length);
      bytes[0] = VERSION;
      bytes.write(text, 1);
      return bytes;
    },
    deserialize(bytes) {
      if (bytes[0] !== VERSION) {
        const found = bytes.length === 0 ? 'no bytes' : `version ${bytes[0]}`;
        throw new RefusedRecordError('card-format-unknown', `a published value has ${found}, this reads ${VERSION}`);
      }
      try {
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', 1);
        return fromBody(JSON.parse(text) as Body);
      } catch (cause) {
        throw new RefusedRecordError('card-malformed', 'a published value cannot be read', { cause });
      }
    },
  };
}

function itself<V>(value: V): V {
  return value;
}

function check(isValid: boolean): void {
  if (!isValid) throw new TypeError('a field is missing or has the wrong type');
}
