import type { Messenger } from '../messenger/api.ts';

let connected: Messenger | undefined;

export function setMessenger(messenger: Messenger): void {
  connected = messenger;
}

/** The engine's door. Nothing that asks for it is on the screen before it is there. */
export function messenger(): Messenger {
  if (!connected) throw new Error('asked before the messenger was connected');
  return connected;
}
