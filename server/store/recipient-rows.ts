/** The devices that a body waits for: their row numbers, four bytes each, big-endian. Sorted, as the sender's order is nobody's business. */
export const RECIPIENT_ROW_BYTES = 4;

function viewOf(packed: Uint8Array): DataView {
  return new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
}

export function packRows(rows: readonly number[]): Uint8Array {
  const packed = new Uint8Array(rows.length * RECIPIENT_ROW_BYTES);
  const view = viewOf(packed);
  for (const [index, row] of rows.entries()) view.setUint32(index * RECIPIENT_ROW_BYTES, row);
  return packed;
}

export function unpackRows(packed: Uint8Array): number[] {
  const view = viewOf(packed);
  return Array.from({ length: packed.length / RECIPIENT_ROW_BYTES }, (_, index) => view.getUint32(index * RECIPIENT_ROW_BYTES));
}
