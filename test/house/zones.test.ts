// Inside a room the direction of imports is kept by scripts/verify/zones.ts; here it is asked about imports that nobody has written.
import { expect, test } from 'vitest';
import { refusal } from '../../scripts/verify/zones.ts';

test.each([
  ['client/messenger/send.ts', 'crypto/session/encrypt.ts', /past crypto\/index\.ts/],
  ['crypto/keys/account-key.ts', 'crypto/index.ts', /index of its own folder/],
  ['crypto/primitives/hkdf.ts', 'crypto/session/message.ts', /layer above/],
  ['server/store/sqlite.ts', 'server/relay/mailbox.ts', /layer above/],
  ['server/relay/mailbox.ts', 'server/app.ts', /layer above/],
  ['client/features/groups/ui.tsx', 'client/features/receipts/ui.tsx', /another feature/],
  ['client/features/groups/ui.tsx', 'client/messenger/send.ts', /on the page/],
  ['client/app/main.tsx', 'crypto/index.ts', /on the page/],
  ['client/app/main.tsx', 'client/adapters/indexeddb-vault.ts', /on the page/],
  ['client/ui/button.tsx', 'client/store/session.ts', /on the page/],
])('%s may not import %s', (from, to, why) => {
  expect(refusal(from, to, false)).toMatch(why);
});

test.each([
  ['client/messenger/send.ts', 'crypto/index.ts', false],
  ['client/features/groups/ui.tsx', 'client/ui/button.tsx', false],
  ['client/features/groups/ui.tsx', 'client/messenger/api.ts', true],
  ['client/store/session.ts', 'client/worker/bridge.ts', false],
  ['client/app/wiring.ts', 'client/adapters/indexeddb-vault.ts', false],
  ['server/relay/mailbox.ts', 'server/store/store.ts', false],
  ['test/crypto/session.test.ts', 'crypto/session/encrypt.ts', false],
] as const)('%s may import %s', (from, to, typeOnly) => {
  expect(refusal(from, to, typeOnly)).toBeUndefined();
});
