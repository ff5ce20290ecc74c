import { accountArgument, confirm, deviceArgument } from '../arguments.ts';
import type { Command } from '../command.ts';
import { perform, refused } from '../reach.ts';
import { bytes, table } from '../show.ts';

const deviceList: Command = {
  name: 'device list',
  summary: 'List the devices of an account.',
  about: 'As its signed device list names them, with how much waits for each. The relay knows no name, kind or address of a device.',
  positionals: ['NAME'],
  examples: ['sottovoce device list alice'],
  async run(input) {
    const answer = await perform(input, 'device/list', { account: accountArgument(input) });
    const rows = answer.devices.map((one) => [
      one.deviceId,
      one.oneTimePrekeys,
      one.envelopes,
      bytes(one.bytes),
      one.revoked ? 'revoked' : '',
    ]);
    input.out(input.json ? `${JSON.stringify(answer)}\n` : table(['device', 'prekeys', 'waiting', 'size', ''], rows));
    return 0;
  },
};

const deviceRevoke: Command = {
  name: 'device revoke',
  summary: 'Shut one device out for good.',
  about:
    "The relay refuses its login, closes its connection and erases its mailbox and one-time prekeys, and what is still sent to it every hour. It stays on the account's device list, which only the account can sign: senders go on encrypting for it until another device of the account removes it, and that is what to ask for. Whoever holds the device keeps the keys that are on it; a removal by the owner rotates the identity, this cannot. An account without another device is shut out with it.",
  positionals: ['NAME', 'DEVICE'],
  options: { yes: { type: 'boolean', about: 'Do not ask.' } },
  examples: ['sottovoce device revoke alice 1840276617'],
  async run(input) {
    const [account, deviceId] = [accountArgument(input), deviceArgument(input)];
    const { devices } = await perform(input, 'device/list', { account });
    if (!devices.some((device) => device.deviceId === deviceId)) throw refused('no_such_device');
    await confirm(input, `This shuts device ${deviceId} of ${account} out for good, with all that waits for it.`, String(deviceId));
    const done = await perform(input, 'device/revoke', { account, deviceId });
    const left = done.left === 0 ? ` No other device of ${done.username} can log in.` : '';
    input.out(
      input.json ? `${JSON.stringify(done)}\n` : `Device ${deviceId} ${done.changed ? 'is shut out' : 'was shut out already'}.${left}\n`,
    );
    return 0;
  },
};

export const DEVICE_COMMANDS: readonly Command[] = [deviceList, deviceRevoke];
