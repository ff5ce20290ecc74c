/** The vault of vault/vault.ts as the engine's steps read and write it. */
import type { Message } from './api.ts';
import type { TableName, Tables } from './state.ts';
import type { Changes, View } from './step.ts';
import { defineStore, type StoreOf } from './vault/store.ts';
import type { Vault } from './vault/vault.ts';

export type OpenVault = View & {
  /** All or nothing, and durable when it resolves. */
  commit(changes: Omit<Changes, 'after'>): Promise<void>;
  close(): Promise<void>;
};

const STORES: { [T in TableName]: StoreOf<Tables[T]> } = {
  account: defineStore('account'),
  publication: defineStore('publication'),
  cursor: defineStore('cursor'),
  signedPrekeys: defineStore('signedPrekeys'),
  sealingKeys: defineStore('sealingKeys'),
  oneTimePrekeys: defineStore('oneTimePrekeys'),
  firsts: defineStore('firsts'),
  contacts: defineStore('contacts'),
  devices: defineStore('devices'),
  peers: defineStore('peers'),
  groups: defineStore('groups'),
  welcomes: defineStore('welcomes'),
  earlyKeys: defineStore('earlyKeys'),
  groupSending: defineStore('groupSending'),
  groupHolders: defineStore('groupHolders'),
  groupSenders: defineStore('groupSenders'),
  conversations: defineStore('conversations'),
  outbox: defineStore('outbox'),
  receipts: defineStore('receipts'),
  held: defineStore('held'),
  delivery: defineStore('delivery'),
  deliveryTokens: defineStore('deliveryTokens'),
  seen: defineStore('seen'),
  gaps: defineStore('gaps'),
};

export function openVaultView(vault: Vault<Message>): OpenVault {
  return {
    get: <T extends TableName>(table: T, key: string) => vault.store<Tables[T]>(STORES[table] as StoreOf<Tables[T]>).get(key),
    all: <T extends TableName>(table: T) => vault.store<Tables[T]>(STORES[table] as StoreOf<Tables[T]>),
    message: (conversationId, position) => vault.messages.get(conversationId, position),
    find: (conversationId, id, from) => vault.messages.find(conversationId, id, from),
    async page(conversationId, before, limit) {
      const { entries, more } = await vault.messages.page(conversationId, before, limit);
      return { messages: entries.map(({ message }) => message), more };
    },
    close: () => vault.close(),
    commit: ({ records, messages, dropped }) =>
      vault.commit(async (transaction) => {
        for (const { table, key, value } of records) {
          if (value === null) transaction.delete(STORES[table] as StoreOf<unknown>, key);
          else transaction.put(STORES[table] as StoreOf<unknown>, key, value);
        }
        for (const conversationId of dropped) transaction.messages.deleteConversation(conversationId);
        for (const { conversationId, position, value } of messages) {
          if (!value) await transaction.messages.delete(conversationId, position);
          else if (position === transaction.messages.next(conversationId)) transaction.messages.append(conversationId, value);
          else await transaction.messages.replace(conversationId, position, value);
        }
      }),
  };
}
