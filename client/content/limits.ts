/** Bounds of what people write and of what engines tell each other, each with its reason. */

// A message is read on a screen; longer texts go as a file. Counted as people count: code points.
export const MAX_TEXT_CHARACTERS = 10_000;

// One receipt message acknowledges so many at once; what waits longer goes in the next.
export const MAX_RECEIPT_IDS = 256;

// A welcome or update of a group: ids, numbers and one secret.
export const MAX_DISTRIBUTION_CHARACTERS = 1_024;

// A chain entry that holds one group id is 235 bytes; base64url adds a third.
export const MAX_MOVED_CHARACTERS = 512;

// The largest body is a text of 10,000 characters at four bytes each, every one escaped by JSON as two UTF-16 units of six.
export const MAX_BODY_BYTES = 49_152;
