import { PROTOCOL_MAX, PROTOCOL_MIN } from '../protocol/version.ts';
import { RELAY_VERSION } from '../version.ts';
import type { Command } from './command.ts';

export const version: Command = {
  name: 'version',
  summary: 'Say which version this is.',
  about: 'The version of the relay, of the protocol it speaks and of the Node.js it runs on.',
  examples: ['sottovoce version --json'],
  async run({ out, json }) {
    const told = { version: RELAY_VERSION, protocol: { min: PROTOCOL_MIN, max: PROTOCOL_MAX }, node: process.versions.node };
    out(json ? `${JSON.stringify(told)}\n` : `sottovoce ${told.version} (protocol ${PROTOCOL_MAX}, Node.js ${told.node})\n`);
    return 0;
  },
};
