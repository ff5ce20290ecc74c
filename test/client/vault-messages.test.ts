import { expect, it } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { SEGMENT_MESSAGES } from '../../client/messenger/vault/message-units.ts';
import type { MessageReader } from '../../client/messenger/vault/messages.ts';
import { createVault, openVault, type Vault } from '../../client/messenger/vault/vault.ts';
import type { VaultStorage } from '../../client/ports/vault.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Message = { id: string; from: string; text: string };
const PASSPHRASE = 'correct horse battery';

/** Counts the units read, so that "opens nothing" is a number and not a feeling. */
function watched(storage: VaultStorage): { storage: VaultStorage; segmentsRead(): number } {
  let read = 0;
  return {
    storage: {
      ...storage,
      readMany(table, keys) {
        read += keys.length;
        return storage.readMany(table, keys);
      },
    },
    segmentsRead: () => read,
  };
}

const message = (number: number, from = 'ann'): Message => ({ id: `m${number}`, from, text: `text ${number}` });

async function filled(count: number, seed: string) {
  const disk = createMemoryDisk();
  const random = seededRandom(seed);
  const vault = await createVault<Message>(openMemoryVault(disk), PASSPHRASE, random);
  const step = 50;
  for (let start = 0; start < count; start += step) {
    await vault.commit((tx) => {
      for (let number = start; number < Math.min(count, start + step); number++) tx.messages.append('c', message(number));
    });
  }
  return { disk, vault, open: (storage = openMemoryVault(disk)) => openVault<Message>(storage, PASSPHRASE, random) };
}

async function all(messages: MessageReader<Message>, conversation = 'c'): Promise<Message[]> {
  const out: Message[] = [];
  for await (const batch of messages.scan(conversation)) out.unshift(...batch.map((entry) => entry.message));
  return out;
}

it('pages backwards through everything, across segments and tail', async () => {
  const { open } = await filled(700, 'pages');
  const { messages } = await open();
  let before: number | undefined;
  const seen: number[] = [];
  for (;;) {
    const page = await messages.page('c', before, 50);
    seen.unshift(...page.entries.map(({ position }) => position));
    expect(page.entries.every((entry) => entry.message.text === `text ${entry.position}`)).toBe(true);
    before = page.entries[0]?.position;
    if (!page.more) break;
  }
  expect(seen).toEqual(Array.from({ length: 700 }, (_, index) => index));
  expect(await messages.page('c', 0, 50)).toEqual({ entries: [], more: false });
  expect(await messages.page('nobody', undefined, 50)).toEqual({ entries: [], more: false });
});

it('opens no message at unlock, and one page reads the page alone', async () => {
  const { disk, open } = await filled(1_000, 'lazy');
  const { storage, segmentsRead } = watched(openMemoryVault(disk));
  const { messages } = await open(storage);
  expect(segmentsRead()).toBe(0);
  await messages.page('c', undefined, 50);
  expect(segmentsRead()).toBe(51);
  expect(disk.tables.segments.size).toBe(2 * 6 + (1_000 - 6 * SEGMENT_MESSAGES));
});

it('finds by id and sender in tail and segments, and knows two senders with one id apart', async () => {
  const { vault, open } = await filled(600, 'find');
  await vault.commit((tx) => tx.messages.append('c', { id: 'm5', from: 'eve', text: 'not yours' }));
  for (const { messages } of [vault, await open()]) {
    expect(await messages.find('c', 'm5', 'ann')).toMatchObject({ position: 5 });
    expect(await messages.find('c', 'm5', 'eve')).toMatchObject({ position: 600 });
    expect(await messages.find('c', 'm5', 'bob')).toBeUndefined();
    expect(await messages.find('c', 'm599')).toMatchObject({ position: 599, message: { text: 'text 599' } });
    expect(await messages.find('other', 'm5')).toBeUndefined();
  }
});

it('replaces and deletes in tail and segments; the id of a deleted message stays known', async () => {
  const { vault, open } = await filled(600, 'delete');
  await vault.messages.find('c', 'm1');
  await vault.commit(async (tx) => {
    for (const position of [3, 130, 590]) {
      await tx.messages.replace('c', position, { ...message(position), text: 'read' });
      await tx.messages.delete('c', position + 1);
    }
  });
  for (const { messages } of [vault, await open()]) {
    const texts = await all(messages);
    expect(texts.length).toBe(597);
    expect(texts.filter(({ text }) => text === 'read').map(({ id }) => id)).toEqual(['m3', 'm130', 'm590']);
    expect(await messages.find('c', 'm4', 'ann')).toEqual({ position: 4, message: null });
    expect(await messages.get('c', 591)).toBeUndefined();
  }
  await expect(vault.commit((tx) => tx.messages.replace('c', 7, message(8)))).rejects.toMatchObject({ code: 'broken' });
  await expect(vault.commit((tx) => tx.messages.delete('c', 4))).rejects.toMatchObject({ code: 'broken' });
});

it('deletes a conversation with every unit of it and may begin it anew in the same commit', async () => {
  const { disk, vault, open } = await filled(600, 'drop');
  await vault.commit((tx) => {
    tx.messages.deleteConversation('c');
    tx.messages.append('c', message(0, 'bob'));
  });
  expect(disk.tables.segments.size).toBe(1);
  for (const { messages } of [vault, await open()]) {
    expect(await all(messages)).toEqual([message(0, 'bob')]);
    expect(await messages.find('c', 'm5')).toBeUndefined();
  }
  await (await open()).commit((tx) => tx.messages.deleteConversation('c'));
  expect(disk.tables.segments.size).toBe(0);
});

/** A storage that stops once where it is told to, so that a race is an order of events. */
function gated(storage: VaultStorage) {
  const gates = new Map<'readMany' | 'commit', Promise<void>>();
  function pass(what: 'readMany' | 'commit'): Promise<void> | undefined {
    const gate = gates.get(what);
    gates.delete(what);
    return gate;
  }
  return {
    /** The next `readMany` waits before it reads, the next `commit` after it has written. */
    shut(what: 'readMany' | 'commit'): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.set(what, promise);
      return resolve;
    },
    storage: {
      ...storage,
      async readMany(table, keys) {
        await pass('readMany');
        return storage.readMany(table, keys);
      },
      async commit(epoch, writes) {
        await storage.commit(epoch, writes);
        await pass('commit');
      },
    } satisfies VaultStorage,
  };
}

const laterTurns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};

it('finishes a read before a commit moves what it reads', async () => {
  const { disk, open } = await filled(255, 'read first');
  const { storage, shut } = gated(openMemoryVault(disk));
  const vault = await open(storage);
  const release = shut('readMany');
  const reading = vault.messages.page('c', 100, 50);
  await laterTurns();
  const committing = vault.commit((tx) => tx.messages.append('c', message(255)));
  await laterTurns();
  release();
  expect(await reading).toMatchObject({ entries: Array.from({ length: 50 }, (_, index) => ({ position: 50 + index })), more: true });
  await committing;
  expect((await all(vault.messages)).length).toBe(256);
});

it('lets a read wait for a commit that has written and is not yet in memory', async () => {
  const { disk, open } = await filled(255, 'commit first');
  const { storage, shut } = gated(openMemoryVault(disk));
  const vault = await open(storage);
  const release = shut('commit');
  const committing = vault.commit((tx) => tx.messages.deleteConversation('c'));
  await laterTurns();
  const reading = vault.messages.page('c', 100, 50);
  await laterTurns();
  release();
  expect(await reading).toEqual({ entries: [], more: false });
  await committing;
});

/** The same random acts on a vault and on plain arrays. */
it.each(['1', '2', '3'])('agrees with a plain list under random acts, seed %s', async (seed) => {
  const random = seededRandom(`model ${seed}`);
  const pick = (below: number): number => ((random(2)[0] as number) * 256 + (random(1)[0] as number)) % below;
  const disk = createMemoryDisk();
  let vault: Vault<Message> = await createVault<Message>(openMemoryVault(disk), PASSPHRASE, random);
  let model: (Message | null)[] = [];
  let made = 0;
  for (let round = 0; round < 60; round++) {
    const draft = [...model];
    const acts = pick(40) + 1;
    const failing = pick(8) === 0;
    const committed = vault.commit(async (tx) => {
      for (let act = 0; act < acts; act++) {
        const at = draft.length > 0 ? pick(draft.length) : -1;
        const old = draft[at];
        if (pick(400) === 0) {
          tx.messages.deleteConversation('c');
          draft.length = 0;
        } else if (old && pick(4) === 0) {
          draft[at] = { ...old, text: `${old.text}'` };
          await tx.messages.replace('c', at, draft[at]);
        } else if (old && pick(20) === 0) {
          draft[at] = null;
          await tx.messages.delete('c', at);
        } else draft[tx.messages.append('c', message(made))] = message(made++);
      }
      if (failing) throw new RangeError('given up');
    });
    if (failing) await expect(committed).rejects.toThrow('given up');
    else {
      await committed;
      model = draft;
    }
    if (pick(10) === 0) vault = await openVault<Message>(openMemoryVault(disk), PASSPHRASE, random);
    expect(await all(vault.messages), `round ${round}`).toEqual(model.filter((one) => one !== null));
    const at = pick(Math.max(1, model.length));
    expect(await vault.messages.get('c', at)).toEqual(model[at] ?? undefined);
    const before = pick(model.length + 1);
    const limit = pick(90) + 1;
    const visible = model.slice(0, before).flatMap((one, position) => (one ? [{ position, message: one }] : []));
    expect(await vault.messages.page('c', before, limit)).toEqual({ entries: visible.slice(-limit), more: visible.length > limit });
    const wanted = `m${pick(made + 1)}`;
    const position = model.findIndex((one) => one?.id === wanted);
    const found = await vault.messages.find('c', wanted);
    // A deleted one is found too, as deleted.
    expect(found?.message ? found.position : -1).toBe(position);
  }
});
