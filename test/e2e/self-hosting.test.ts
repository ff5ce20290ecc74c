// docs/self-hosting.md, run from its first command to its last on a machine below a temporary folder; test/support/host says what stands in for what.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canBuildHere } from '../../scripts/binary/executable.ts';
import { blocksOf, inlineCode } from '../support/host/guide.ts';
import { type Done, type Machine, machine } from '../support/host/machine.ts';
import { granted, login, type RelayDevice, register } from '../support/relay-device.ts';

const project = dirname(dirname(import.meta.dirname));
const guide = readFileSync(join(project, 'docs/self-hosting.md'), 'utf8');
const { shell, others } = blocksOf(guide);
const RELAY = 'sottovoce.service';

let host: Machine;
const done: Done[] = [];
/** Signed up by the link of the first start, and after the backup. */
let anna: RelayDevice;
let bert: RelayDevice;
let lists: Record<'before' | 'after', boolean[]>;

const said = (step: string): string =>
  done
    .filter(({ heading }) => heading.startsWith(step))
    .map((block) => block.said)
    .join('');

async function signUps(): Promise<void> {
  const invite = /\/#\/join\/([\w-]+)$/m.exec(said('4.'))?.[1] ?? '';
  anna = await register(host.origin, invite, 'anna');
}

async function latecomer(): Promise<void> {
  const { invite } = await granted(host.origin, 'invites/create', { uses: 1 }, await login(host.origin, anna));
  bert = await register(host.origin, invite, 'bert');
}

const canLogIn = (device: RelayDevice): Promise<boolean> =>
  login(host.origin, device).then(
    () => true,
    () => false,
  );
const both = (): Promise<boolean[]> => Promise.all([canLogIn(anna), canLogIn(bert)]);

/** The certificate that a new connection is shown. */
async function shown(): Promise<string> {
  const socket = connect({ port: host.port, host: 'localhost', servername: 'localhost' });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerX509Certificate() ?? { fingerprint256: '' };
  socket.destroy();
  return fingerprint256;
}

function theGuide(): void {
  beforeAll(async () => {
    host = await machine('chat.example.org');
    for (const [index, block] of shell.entries()) {
      const restores = block.commands.some((command) => command === 'sudo -u sottovoce sottovoce restore "$newest"');
      if (restores && bert === undefined) {
        await latecomer();
        lists = { before: await both(), after: [] };
      }
      done.push(await host.run(block));
      if (restores && lists.after.length === 0) lists.after = await both();
      if (block.heading.startsWith('4.') && !shell[index + 1]?.heading.startsWith('4.')) await signUps();
    }
    await host.units.until(RELAY, /^https:/m);
  });
  afterAll(() => host?.remove());

  test('every command was run, and there is no other on the page', () => {
    const commands = shell.flatMap((block) => block.commands);
    expect(done.map(({ ran }) => ran)).toEqual(shell.map((block) => block.commands.length));
    expect([shell.length, commands.length]).toEqual([11, 55]);
    expect(others).toEqual(['caddyfile']);
    // As many fences as those were made of, no other kind of code, and whoever names a command in a sentence has it in a block.
    expect(guide.match(/^ *(?:```|~~~)/gm)).toHaveLength(2 * (shell.length + others.length));
    expect(guide.replace(/^```[\s\S]*?^```$/gm, '')).not.toMatch(/^(?: {4}|\t)/m);
    const spoken = inlineCode(guide).filter((code) => code.includes(' '));
    expect(spoken.filter((code) => !commands.some((command) => command.includes(code)))).toEqual([]);
  });

  test('R33, R34, R45: the relay answers over TLS with the certificate, and the doctor finds nothing wrong', async () => {
    expect(said('4.')).toContain('{"ok":true}');
    for (const step of ['4.', '5.', '7.', '8.']) {
      expect(said(step)).toMatch(/^ok +port +A relay answers/m);
      expect(said(step)).toMatch(/^ok +certificate /m);
    }
    const cert = readFileSync(host.path('etc/letsencrypt/live/localhost/fullchain.pem'));
    expect(await shown()).toBe(new X509Certificate(cert).fingerprint256);
    expect(await (await fetch(`${host.origin}/healthz`)).json()).toEqual({ ok: true });
  });

  test('the unit lets the relay listen on port 443 and gives no other right', () => {
    const unit = host.units.unit(RELAY);
    for (const name of ['AmbientCapabilities', 'CapabilityBoundingSet']) expect(unit.values(name)).toEqual(['CAP_NET_BIND_SERVICE']);
    expect([unit.value('PrivateUsers'), unit.value('NoNewPrivileges')]).toEqual(['false', 'true']);
  });

  test('only the relay can read the key of its certificate', () => {
    const modeOf = (path: string): number => statSync(host.path(path)).mode & 0o777;
    expect([modeOf('etc/sottovoce/tls'), modeOf('etc/sottovoce/tls/privkey.pem'), modeOf('var/backups/sottovoce')]).toEqual([
      0o750, 0o640, 0o700,
    ]);
  });

  test('R48: the backup that the unit made is whole, and the rehearsal shows who is in it', () => {
    expect(said('5.')).toContain('The backup is whole.');
    expect(said('5.')).toMatch(/^ok +backups /m);
    expect(said('6.')).toMatch(/^anna\b/m);
    expect(host.units.unit('sottovoce-backup.service').value('User')).toBe(host.units.unit(RELAY).value('User'));
  });

  test('R49: the restore brings the account of the backup back, and the way back from an upgrade keeps it', async () => {
    expect(lists).toEqual({ before: [true, true], after: [true, false] });
    expect(await both()).toEqual([true, false]);
  });

  test('R33: a renewed certificate is shown to new connections, without a restart', async () => {
    const before = await shown();
    const cert = await host.renew(host.path('usr/local/lib/sottovoce/certificate-hook.sh'));
    await host.units.until(RELAY, /a new certificate is in place/);
    const after = await shown();
    expect(after).toBe(new X509Certificate(cert).fingerprint256);
    expect(after).not.toBe(before);
  });
}

if (canBuildHere()) describe('docs/self-hosting.md', theGuide);
else
  test('the guide says where it can be followed', () => {
    expect(guide).toContain('Linux with systemd');
  });
