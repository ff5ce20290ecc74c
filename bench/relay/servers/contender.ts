import type { AdapterName, Target } from '../adapter.ts';
import type { Fleet } from '../fleet.ts';

/** A server under test, in processes of its own. */
export type Server = {
  name: string;
  adapter: AdapterName;
  target: Target;
  /** Its processes; what they started counts with them. The first is the one whose memory is told. */
  roots(): number[];
  /** Devices 0 up to `count` get accounts. */
  signUp(fleet: Fleet, count: number): Promise<void>;
  stop(): Promise<void>;
};

/** Every device at once, for servers that ask for no invite. */
export async function signUpFreely(fleet: Fleet, count: number): Promise<void> {
  await fleet.signUp(
    Array.from({ length: count - fleet.known() }, (_, index) => fleet.known() + index),
    '',
  );
}
