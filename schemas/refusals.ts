// Why a record of a source topic is refused: the closed list of codes that the contracts know. A refused record goes to the
// dead-letter topic with its code and a text. Codes are stable, texts are not. docs/contracts.md holds the same table.

/** Every code of the contracts with what it means. */
export const refusalCodes = {
  'not-framed': 'The value does not begin with byte 0 and a four-byte schema id.',
  'unknown-schema': 'The schema id is not known, or is that of a schema which this topic cannot be read from.',
  'unreadable-bytes': 'The bytes do not fit the schema: cut off, too long, a wild count or a number that is too large.',
  'missing-id': 'An id is empty, or one that this kind of event needs is not there.',
  'invalid-id': 'An id is longer than 256 bytes of UTF-8, holds a control character or broken text, or is "." or "..".',
  'invalid-time': 'The event time is before 2000-01-01 or not a whole number of milliseconds.',
  'unknown-kind': 'The kind, status, action or consent level is one that this release does not know.',
  'negative-quantity': 'A quantity is 0 or less.',
  'invalid-price': 'A price is negative or not finite.',
  'invalid-lines': 'An order has no lines, or more than 2,000.',
  'invalid-items': 'An impression shows no items or more than 1,000, or a position is outside 0 to 9,999.',
  'invalid-rating': 'A rating is outside 1 to 5, or missing where the kind is rate.',
  'invalid-duration': 'A dwell time is negative, or missing where the kind is dwell.',
  'invalid-text': 'A text that must be there is empty, or a text is longer than allowed.',
  'too-many-entries': 'An array or a map has more entries than allowed.',
  'invalid-validity': 'A validity that does not end after it begins: validFrom must be before validTo.',
  'invalid-weight': 'A weight is outside 0 to 1,000, or a budget is negative or not finite.',
  'invalid-body': 'The body of a setting is not a JSON object.',
  'invalid-embedding': 'An embedding is empty, has more than 4,096 numbers, or one that is not finite.',
  'invalid-consent': 'A consent action has no consent level.',
  'unknown-field': 'JSON only: a field that the contract does not have.',
  'missing-field': 'JSON only: a field without a default is not there.',
  'invalid-field': 'JSON only: a field has a value of the wrong type.',
} as const;

/** A code of {@link refusalCodes}. */
export type RefusalCode = keyof typeof refusalCodes;
