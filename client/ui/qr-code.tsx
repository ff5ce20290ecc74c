import encodeQR from 'qr';
import { useMemo } from 'react';
import styles from './qr-code.module.css';

const QUIET_ZONE = 4;

/** Bytes ride as characters 0 … 255, one each. */
const bytesOfCharacters = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

function pathOf(rows: boolean[][]): string {
  let path = '';
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x += 1;
      path += `M${from} ${y}h${x + 1 - from}v1H${from}z`;
    }
  }
  return path;
}

export function QrCode({ content, label }: { content: string | Uint8Array; label: string }) {
  const rows = useMemo(
    () =>
      typeof content === 'string'
        ? encodeQR(content, 'raw', { ecc: 'medium', border: QUIET_ZONE })
        : encodeQR(String.fromCharCode(...content), 'raw', {
            ecc: 'medium',
            border: QUIET_ZONE,
            encoding: 'byte',
            textEncoder: bytesOfCharacters,
          }),
    [content],
  );
  return (
    <svg className={styles['code']} viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <path fill="#14181d" d={pathOf(rows)} />
    </svg>
  );
}
