// What Avro cannot say about a record: ids that can be keys, plausible times, ranges, sizes, fields that belong together. A
// record that breaks its contract is refused with a code and a text that names the field; texts never repeat what the field
// holds. Whether a time is in the future is not decided here: it needs the log's append time.

import type { Audience, SourceRecords, SourceTopic } from './records.ts';
import {
  checkEntries,
  checkId,
  checkOptionalId,
  checkText,
  checkTextMap,
  checkTexts,
  refuse,
} from './validation-parts.ts';

/** 2000-01-01T00:00:00Z: an earlier event time is a mistake of units or of a clock, and would hold decay back for decades. */
const EARLIEST_MS = 946_684_800_000;

const MAX_LABEL = 256;
const MAX_TITLE = 1024;
const MAX_ATTRIBUTE = 4096;
const MAX_DESCRIPTION = 32_768;
const MAX_BODY = 262_144;
const MAX_LINES = 2000;
const MAX_SHOWN_ITEMS = 1000;
const MAX_POSITION = 9999;
const MAX_TARGET_ITEMS = 10_000;
const MAX_WEIGHT = 1000;
const MAX_VECTOR = 4096;

type Validators = { readonly [T in SourceTopic]: (value: SourceRecords[T]) => void };

const validators: Validators = {
  clicks(click) {
    checkHead(click);
    checkId('visitorId', click.visitorId);
    checkOptionalId('userId', click.userId);
    checkOptionalId('sessionId', click.sessionId);
    checkKnown('kind', click.kind);
    if (click.itemId !== null) checkId('itemId', click.itemId);
    else if (click.kind !== 'search') refuse('missing-id', `itemId is missing, ${click.kind} needs it`);
    const { rating, dwellMs, quantity } = click;
    if (rating === null ? click.kind === 'rate' : !(rating >= 1 && rating <= 5)) {
      refuse('invalid-rating', 'rating must be 1 to 5');
    }
    if (dwellMs === null ? click.kind === 'dwell' : dwellMs < 0)
      refuse('invalid-duration', 'dwellMs must be 0 or more');
    if (quantity !== null && quantity <= 0) refuse('negative-quantity', 'quantity must be 1 or more');
    checkText('listId', click.listId, MAX_LABEL);
    checkText('placement', click.placement, MAX_LABEL);
    checkText('query', click.query, MAX_TITLE);
    checkText('device', click.device, MAX_LABEL);
    checkText('region', click.region, MAX_LABEL);
    checkText('referrer', click.referrer, MAX_TITLE);
  },

  purchases(purchase) {
    checkHead(purchase);
    checkId('orderId', purchase.orderId);
    checkOptionalId('visitorId', purchase.visitorId);
    checkOptionalId('userId', purchase.userId);
    if (purchase.visitorId === null && purchase.userId === null) {
      refuse('missing-id', 'one of visitorId and userId must be there');
    }
    checkOptionalId('sessionId', purchase.sessionId);
    checkKnown('status', purchase.status);
    const { lines } = purchase;
    if (lines.length === 0 || lines.length > MAX_LINES) refuse('invalid-lines', 'lines must hold 1 to 2,000 lines');
    for (const line of lines) {
      checkId('lines.itemId', line.itemId);
      if (line.quantity <= 0) refuse('negative-quantity', 'lines.quantity must be 1 or more');
      checkPrice('lines.unitPrice', line.unitPrice);
      if (line.currency === '') refuse('invalid-text', 'lines.currency is empty');
      checkText('lines.currency', line.currency, 16);
    }
    checkText('device', purchase.device, MAX_LABEL);
    checkText('region', purchase.region, MAX_LABEL);
  },

  impressions(impression) {
    checkHead(impression);
    checkId('visitorId', impression.visitorId);
    checkOptionalId('sessionId', impression.sessionId);
    checkId('listId', impression.listId);
    checkId('placement', impression.placement);
    checkText('variant', impression.variant, MAX_LABEL);
    const { items } = impression;
    if (items.length === 0 || items.length > MAX_SHOWN_ITEMS)
      refuse('invalid-items', 'items must hold 1 to 1,000 items');
    for (const item of items) {
      checkId('items.itemId', item.itemId);
      if (!(item.position >= 0 && item.position <= MAX_POSITION)) {
        refuse('invalid-items', 'items.position must be 0 to 9,999');
      }
    }
  },

  visitors(visitor) {
    checkHead(visitor);
    checkId('visitorId', visitor.visitorId);
    checkTexts('segments', visitor.segments, 64, MAX_LABEL);
    checkTextMap('attributes', visitor.attributes, 256, MAX_ATTRIBUTE);
  },

  catalog(item) {
    checkHead(item);
    checkId('itemId', item.itemId);
    if (item.title === '') refuse('invalid-text', 'title is empty');
    checkText('title', item.title, MAX_TITLE);
    checkText('description', item.description, MAX_DESCRIPTION);
    checkTexts('categories', item.categories, 64, MAX_LABEL);
    checkTexts('tags', item.tags, 256, MAX_LABEL);
    checkText('brand', item.brand, MAX_LABEL);
    if (item.price !== null) checkPrice('price', item.price);
    checkText('currency', item.currency, 16);
    checkText('image', item.image, 2048);
    checkTextMap('attributes', item.attributes, 256, MAX_ATTRIBUTE);
    checkValidity(item);
    if (item.embedding === null) return;
    checkId('embedding.model', item.embedding.model);
    const { vector } = item.embedding;
    if (vector.length === 0 || vector.length > MAX_VECTOR) {
      refuse('invalid-embedding', 'embedding.vector must hold 1 to 4,096 numbers');
    }
    for (const component of vector) {
      if (!Number.isFinite(component))
        refuse('invalid-embedding', 'embedding.vector holds a number that is not finite');
    }
  },

  campaigns(campaign) {
    checkHead(campaign);
    checkId('campaignId', campaign.campaignId);
    checkKnown('kind', campaign.kind);
    checkEntries('items', campaign.items.length, MAX_TARGET_ITEMS);
    for (const item of campaign.items) checkId('items', item);
    checkTexts('categories', campaign.categories, 256, MAX_LABEL);
    checkTexts('brands', campaign.brands, 256, MAX_LABEL);
    checkTextMap('attributes', campaign.attributes, 256, MAX_ATTRIBUTE);
    checkAudience(campaign.audience);
    checkTexts('placements', campaign.placements, 256, MAX_LABEL);
    checkValidity(campaign);
    if (!(campaign.weight >= 0 && campaign.weight <= MAX_WEIGHT)) {
      refuse('invalid-weight', 'weight must be 0 to 1,000');
    }
    const { budget } = campaign;
    if (budget !== null && !(budget >= 0 && budget < Infinity)) refuse('invalid-weight', 'budget must be 0 or more');
  },

  settings(setting) {
    checkHead(setting);
    checkId('name', setting.name);
    checkKnown('kind', setting.kind);
    checkText('body', setting.body, MAX_BODY);
    let body: unknown;
    try {
      body = JSON.parse(setting.body);
    } catch {
      refuse('invalid-body', 'body is not JSON');
    }
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      refuse('invalid-body', 'body is not an object');
  },

  privacy(privacy) {
    checkHead(privacy);
    checkId('visitorId', privacy.visitorId);
    checkKnown('action', privacy.action);
    const { action, consent, otherVisitorId } = privacy;
    if (consent !== null) checkKnown('consent', consent);
    else if (action === 'consent') refuse('invalid-consent', 'consent is missing, the action consent needs it');
    checkOptionalId('otherVisitorId', otherVisitorId);
    if (action !== 'link' && action !== 'unlink') return;
    if (otherVisitorId === null) refuse('missing-id', `otherVisitorId is missing, ${action} needs it`);
    if (otherVisitorId === privacy.visitorId) refuse('invalid-id', 'otherVisitorId is the visitor itself');
  },
};

/**
 * Checks that `value` keeps the contract of `topic`.
 * @throws {RefusedRecordError} with a code of `refusalCodes` for the first breach.
 */
export function validate<T extends SourceTopic>(topic: T, value: SourceRecords[T]): void {
  validators[topic](value);
}

function checkHead(value: { readonly eventId: string; readonly at: number }): void {
  checkId('eventId', value.eventId);
  if (!(value.at >= EARLIEST_MS)) refuse('invalid-time', 'at must be epoch ms from 2000-01-01 on');
}

/** `unknown` is what Avro makes of a symbol that this release does not have; the types leave it out. */
function checkKnown(field: string, symbol: string): void {
  if (symbol === 'unknown') refuse('unknown-kind', `${field} is not one that this release knows`);
}

function checkPrice(field: string, price: number): void {
  if (!(price >= 0 && price < Infinity)) refuse('invalid-price', `${field} must be finite and 0 or more`);
}

function checkValidity(value: { readonly validFrom: number | null; readonly validTo: number | null }): void {
  const { validFrom, validTo } = value;
  if (validFrom !== null && validTo !== null && validFrom >= validTo) {
    refuse('invalid-validity', 'validFrom must be before validTo');
  }
}

function checkAudience(audience: Audience): void {
  checkTexts('audience.segments', audience.segments, 256, MAX_LABEL);
  checkTexts('audience.regions', audience.regions, 256, MAX_LABEL);
  checkTexts('audience.devices', audience.devices, 256, MAX_LABEL);
}
