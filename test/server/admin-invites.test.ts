import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { newInviteId } from '../../server/relay/invite-id.ts';
import { selfSigned } from '../support/certificate.ts';
import { answerOf, typeCommand } from '../support/command.ts';
import { granted, login, post, register } from '../support/relay-device.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
beforeEach(async () => {
  relay = await startRelay();
  await register(relay.origin, relay.firstInvite ?? '', 'anna');
});
afterEach(() => relay.stop());

const typed = () => ({ dataDir: relay.dataDir, port: relay.port });
const codeOf = (link: unknown): string => /\/#\/join\/([\w-]{27})$/.exec(String(link))?.[1] ?? '';
const idOf = (text: unknown): string => String(text);

describe.each(['running', 'stopped'])('invites by command, the relay %s', (state) => {
  beforeEach(async () => {
    if (state === 'stopped') await relay.kill('SIGTERM');
  });
  const start = async () => (state === 'stopped' ? relay.restart() : undefined);

  it('R41: one is made with uses and days, opens accounts as often, and is listed without its link', async () => {
    const made = await answerOf(['invite', 'create', '--uses', '2', '--days', '3'], typed());
    expect(made).toMatchObject({ uses: 2, admin: false });
    expect(String(made['link'])).toMatch(new RegExp(`^${relay.origin}/#/join/`));
    expect(Number(made['expiresAt']) % 3_600_000).toBe(0);
    const { invites } = await answerOf(['invite', 'list'], typed());
    expect(invites).toEqual([{ id: made['id'], usesLeft: 2, expiresAt: made['expiresAt'], makesAdmin: false, first: false }]);
    const people = await typeCommand(['invite', 'list'], typed());
    expect(people.said).toMatch(/^id +uses left +ends +makes\n/);
    expect(people.said).not.toContain(codeOf(made['link']));
    await start();
    for (const name of ['bert', 'cleo']) await register(relay.origin, codeOf(made['link']), name);
    expect(await post(relay.origin, 'registration/check', { invite: codeOf(made['link']) })).toMatchObject({ answer: { valid: false } });
  });

  it('R41: --admin makes an admin; a revoked one opens nothing', async () => {
    const admin = await answerOf(['invite', 'create', '--admin'], typed());
    const closed = await answerOf(['invite', 'create'], typed());
    expect(await answerOf(['invite', 'revoke', idOf(closed['id'])], typed())).toEqual({ id: closed['id'] });
    const again = await typeCommand(['invite', 'revoke', idOf(closed['id'])], typed());
    expect([again.code, again.said]).toEqual([1, '']);
    expect(again.complained).toMatch(/^There is no such invite, or it was used up\.[^\n]*\n$/);
    await start();
    const bert = await register(relay.origin, codeOf(admin['link']), 'bert');
    expect(await granted(relay.origin, 'account/me', {}, await login(relay.origin, bert))).toMatchObject({ role: 'admin' });
    expect(await post(relay.origin, 'registration/check', { invite: codeOf(closed['link']) })).toMatchObject({ answer: { valid: false } });
  });
});

describe('invites by command', () => {
  it('R33, R41: without an origin the link names what is in the certificate, as the relay will', async () => {
    await relay.kill('SIGTERM');
    const { cert, key } = selfSigned(['chat.example.org']);
    const env = { SOTTOVOCE_TLS_CERT: join(relay.dataDir, 'cert.pem'), SOTTOVOCE_TLS_KEY: join(relay.dataDir, 'key.pem') };
    writeFileSync(env.SOTTOVOCE_TLS_CERT, cert);
    writeFileSync(env.SOTTOVOCE_TLS_KEY, key);
    const { link } = await answerOf(['invite', 'create'], { dataDir: relay.dataDir, port: 443, env });
    expect(link).toMatch(/^https:\/\/chat\.example\.org\/#\/join\//);
  });

  it('R41: the id of an invite is never taken for an option', () => {
    for (let first = 0; first < 256; first++)
      expect(toBase64url(newInviteId((bytes) => new Uint8Array(bytes).fill(first)))).not.toMatch(/^-/);
  });

  it('R41: a person gets the bare link on standard output, to be piped', async () => {
    const { code, said, complained } = await typeCommand(['invite', 'create'], typed());
    expect(code).toBe(0);
    expect(said).toMatch(/^http:\/\/localhost:\d+\/#\/join\/[\w-]{27}\n$/);
    expect(complained).toMatch(/^For 1 account, until \d{4}-\d\d-\d\d \d\d:00 UTC:\n$/);
  });

  it.each([
    [['invite', 'create', '--uses', '0'], '--uses must be a whole number from 1 to 50'],
    [['invite', 'create', '--uses', '51'], '--uses must be'],
    [['invite', 'create', '--days', '31'], '--days must be a whole number from 1 to 30'],
    [['invite', 'create', '--days', '1.5'], '--days must be'],
    [['invite', 'revoke', 'all'], '"all" is no id of an invite'],
    [['invite', 'revoke'], 'ID is missing'],
    [['invite'], '"invite create", "invite list", "invite revoke"'],
  ])('R31: %j ends with 2 and one sentence', async (args, sentence) => {
    const { code, said, complained } = await typeCommand(args, typed());
    expect([code, said]).toEqual([2, '']);
    expect(complained).toContain(sentence);
    expect(complained.split('\n')).toHaveLength(2);
  });

  it('R26: the invite for the first account is shown as that and is not closed', async () => {
    const fresh = await startRelay();
    try {
      const { invites } = await answerOf(['invite', 'list'], { dataDir: fresh.dataDir });
      const [first] = invites as { id: string; first: boolean }[];
      expect(first).toMatchObject({ first: true, makesAdmin: true, expiresAt: null });
      const { code, complained } = await typeCommand(['invite', 'revoke', first?.id ?? ''], { dataDir: fresh.dataDir });
      expect([code, complained]).toEqual([1, expect.stringMatching(/^This is the invite for the first account/)]);
    } finally {
      await fresh.stop();
    }
  });
});
