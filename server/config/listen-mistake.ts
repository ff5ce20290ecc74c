import type { Config } from './config.ts';
import { ConfigMistake } from './setting.ts';
import { SETTINGS } from './settings.ts';

// The name is not known, the address is another machine's, of a kind that this one lacks, or of a link that is not said.
const NO_ADDRESS_HERE = /^(ENOTFOUND|EAI_\w+|EADDRNOTAVAIL|EAFNOSUPPORT|EINVAL)$/;

/** Why nothing can listen where these two settings say, as a sentence with what to do; undefined when it is something else. */
export function listenMistake(
  error: unknown,
  config: Config,
  hostKey: 'host' | 'metricsHost',
  portKey: 'port' | 'metricsPort',
): ConfigMistake | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const { [hostKey]: host, [portKey]: port } = config;
  const [hostName, portName] = [SETTINGS[hostKey].name, SETTINGS[portKey].name];
  if (code === 'EADDRINUSE')
    return new ConfigMistake(
      `The port is taken: another program listens on ${host} port ${port}. Stop it, or choose another port with ${portName}.`,
    );
  if (code === 'EACCES')
    return new ConfigMistake(
      `This user may not listen on port ${port}. Give it that right, as docs/deploy/port-443.conf does, or choose a port from 1024 on with ${portName}.`,
    );
  if (NO_ADDRESS_HERE.test(code))
    return new ConfigMistake(
      `${host} is no address of this machine. Set ${hostName} to one: 127.0.0.1 is this machine alone, :: is every network.`,
    );
  return undefined;
}
