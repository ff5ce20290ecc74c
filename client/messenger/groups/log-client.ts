/** Requests about a group's log: signed by the epoch's access key, without a token, so that the relay learns no member from them (D5). */
import { type EpochKeys, fromBase64url, primitives, toBase64url } from '../../../crypto/index.ts';
import type { Bytes } from '../../../crypto/index.ts';
import { groupAccessChangeBytes, groupAppendBytes, groupCreateBytes, groupReadBytes } from '../../../server/protocol/signed-requests.ts';
import { MAX_GROUP_ENTRIES } from '../../../server/protocol/limits.ts';
import { RelayFailure } from '../../ports/relay.ts';
import type { Core } from '../core.ts';

// A log of ten years, and more than a hostile one may take of a phone's memory.
const MAX_READ_BYTES = 64 * 1_048_576;

export type LogClient = {
  create(groupId: string, keys: EpochKeys, slot: Bytes): Promise<void>;
  /** `next`: the keys of the epoch that the slot opens. */
  append(groupId: string, version: number, keys: EpochKeys, slot: Bytes, next: EpochKeys | null): Promise<void>;
  /** Everything from that version on, as far as it is bearable: a later reading goes on from there. */
  read(groupId: string, from: number, keys: EpochKeys): Promise<Bytes[]>;
};

/** The access key is another one, or there is no such log: the relay does not say which. */
export const isHidden = (error: unknown): boolean => error instanceof RelayFailure && error.code === 'not_found';

async function sign(keys: EpochKeys, bytes: Bytes): Promise<string> {
  return toBase64url(await primitives.ed25519Sign(keys.access.seed, bytes));
}

export function createLogClient(core: Core): LogClient {
  const { relay } = core;

  async function pageAt(time: number, groupId: string, from: number, keys: EpochKeys): Promise<{ version: number; slots: Bytes[] }> {
    const nonce = toBase64url(core.random(16));
    const signature = await sign(keys, groupReadBytes({ origin: relay.origin, groupId, from, time, nonce }));
    const { version, entries } = await relay.request('groups/read', { groupId, from, time, nonce, signature });
    return { version, slots: entries.map(fromBase64url) };
  }

  async function page(groupId: string, from: number, keys: EpochKeys): Promise<{ version: number; slots: Bytes[] }> {
    try {
      return await pageAt(core.relayNow(), groupId, from, keys);
    } catch (error) {
      // The relay finds it too far from its own time: this device's clock may have been put right since it connected.
      if (!(error instanceof RelayFailure) || error.code !== 'gone') throw error;
      return pageAt(core.now(), groupId, from, keys);
    }
  }

  return {
    async create(groupId, keys, slot) {
      const accessKey = toBase64url(keys.access.publicKey);
      const entryDigest = primitives.sha256(slot);
      const signature = await sign(keys, groupCreateBytes({ origin: relay.origin, groupId, accessKey, entryDigest }));
      await relay.request('groups/create', { groupId, accessKey, entry: toBase64url(slot), signature });
    },
    async append(groupId, version, keys, slot, next) {
      const entryDigest = primitives.sha256(slot);
      const accessKey = next ? toBase64url(next.access.publicKey) : undefined;
      const signature = await sign(keys, groupAppendBytes({ origin: relay.origin, groupId, version, entryDigest, accessKey }));
      const change = accessKey && { accessKey, accessKeySignature: await sign(keys, groupAccessChangeBytes({ groupId, accessKey })) };
      await relay.request('groups/append', { groupId, version, entry: toBase64url(slot), signature, ...change });
    },
    async read(groupId, from, keys) {
      const slots: Bytes[] = [];
      let bytes = 0;
      for (;;) {
        const got = await page(groupId, from + slots.length, keys);
        slots.push(...got.slots);
        bytes += got.slots.reduce((sum, slot) => sum + slot.length, 0);
        const end = Math.min(got.version, MAX_GROUP_ENTRIES);
        if (got.slots.length === 0 || from + slots.length >= end || bytes >= MAX_READ_BYTES) return slots;
      }
    },
  };
}
