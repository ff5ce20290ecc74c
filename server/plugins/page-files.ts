/** Where the page's files come from: the folder of the built page, or inside the single executable. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
// As a whole: some Node versions that can run the relay lack one of its functions, and they are used inside the single executable alone.
import * as sea from 'node:sea';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip';
export type PageFile = { bytes: Buffer; hash: string; encoded(encoding: Encoding): Promise<Buffer> };
/** Finds a file by its path from the page's root, such as `assets/index-4f3a2b1c.js`. */
export type PageFiles = (path: string) => PageFile | undefined;

/** How scripts/binary names them inside the executable: each file as it is, and for some of them what brotli made of it. */
export const PAGE_PREFIX = 'page/';
export const BROTLI_PREFIX = 'brotli/';

// Halfway: a file is compressed at its first reader, who waits for it.
const BROTLI_QUALITY = 5;

// Names as the build makes them. Nothing else reaches the disk: no dot in front, no separator but the slash.
const PLAIN = /^\w[\w.-]*(?:\/\w[\w.-]*)*$/;

const compress = {
  br: (bytes: Buffer) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
};

function pageFile(bytes: Buffer, brotli?: Buffer): PageFile {
  const made: Partial<Record<Encoding, Promise<Buffer>>> = {};
  if (brotli) made.br = Promise.resolve(brotli);
  return {
    bytes,
    hash: createHash('sha256').update(bytes).digest('base64url'),
    encoded: (encoding) => (made[encoding] ??= compress[encoding](bytes)),
  };
}

/** Files are kept in memory, each for as long as the one on disk is the same. */
function filesIn(folder: string): PageFiles {
  const kept = new Map<string, { file: PageFile; mtimeMs: number; size: number }>();
  return (path) => {
    const place = join(folder, path);
    const stat = PLAIN.test(path) ? statSync(place, { throwIfNoEntry: false }) : undefined;
    if (!stat?.isFile()) return undefined;
    const { mtimeMs, size } = stat;
    const before = kept.get(path);
    if (before && before.mtimeMs === mtimeMs && before.size === size) return before.file;
    const file = pageFile(readFileSync(place));
    kept.set(path, { file, mtimeMs, size });
    return file;
  };
}

function filesInside(): PageFiles {
  const names = new Set(sea.getAssetKeys());
  const kept = new Map<string, PageFile>();
  // Not copied: the bytes stay where the executable was mapped.
  const asset = (name: string): Buffer | undefined => (names.has(name) ? Buffer.from(sea.getRawAsset(name)) : undefined);
  return (path) => {
    const bytes = kept.has(path) ? undefined : asset(PAGE_PREFIX + path);
    if (bytes) kept.set(path, pageFile(bytes, asset(BROTLI_PREFIX + path)));
    return kept.get(path);
  };
}

/** The folder is not looked at when the page is inside. */
export function pageFiles(folder: string): PageFiles {
  return sea.isSea() ? filesInside() : filesIn(folder);
}
