import { join } from 'node:path';
import { keyOfData } from '../../relay/relay-key.ts';
import { KEY_FILE } from '../../store/data-folder.ts';
import { type Finding, ok } from './finding.ts';
import { unreadable } from './unreadable.ts';

const ABOUT = 'key';

/** Nothing where a relay is yet to begin. */
export function keyFindings(dataDir: string): Finding[] {
  try {
    return keyOfData(dataDir) ? [ok(ABOUT, "The relay's key is beside its database.")] : [];
  } catch (error) {
    return [unreadable(ABOUT, join(dataDir, KEY_FILE), error)];
  }
}
