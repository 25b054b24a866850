// Layout of a list's bytes, which list-codec.ts writes and list-view.ts reads.
//
//   u8 version = 1, or 2 for a list that names its trace, or 3 and u8 flags (1 names its trace, 2 has ranks)
//   text definition, owner, variant, algorithm
//   varint at; text topic; varint partition, offset; varint count, text eventId ...
//   varint count, causes ...   u8 kind, u8 fields present (1 itemId, 2 title, 4 campaignId, 8 segment), text per field
//   varint count, items ...    text id, f64 score, varint count, reasons ... (varint cause, f64 part)
//   with ranks: varint count, text step ...; for each item a varint rank for each step
//   with a trace: 16 bytes trace id, 8 bytes span id, u8 flags
//
// Types as in engine/api/binary.ts.

export const VERSION = 1;
export const TRACED_VERSION = 2;
export const FLAGGED_VERSION = 3;
export const TRACED = 1;
export const RANKED = 2;
export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

export const ITEM_ID = 1;
export const TITLE = 2;
export const CAMPAIGN_ID = 4;
export const SEGMENT = 8;
