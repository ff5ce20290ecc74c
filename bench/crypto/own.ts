/** What only ours has, or what needs no peer: sealing, the safety number, and that a session does not grow. */
import {
  accountIdFromBytes,
  generateKeyPair,
  generateSealingKey,
  KIND,
  openPairwise,
  safetyNumber,
  sealPairwise,
  startRun,
} from '../../crypto/index.ts';
import type { Figure } from '../report.ts';
import { growthOver } from './contenders/ours.ts';
import { median } from './measure.ts';

const SEALS = 300;
const NUMBERS = 5;
const TURNS = 10_000;

const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

/** One envelope of 2 KiB sealed under a run that stands, and opened with the run secret remembered. */
async function sealOpenMs(): Promise<number> {
  const sealing = await generateSealingKey(random);
  const address = { accountId: accountIdFromBytes(random(32)), deviceId: 1 };
  const recipient = { ...address, sealingKeyId: 1, sealingPublicKey: sealing.publicKey };
  const sealed = { kind: KIND.pairwise, fromAccount: address.accountId, fromDevice: 2, message: random(350) } as const;
  const run = await startRun(recipient, Date.now(), random);
  const times: number[] = [];
  for (let i = 0; i < SEALS; i++) {
    const start = performance.now();
    await openPairwise(run.secret, await sealPairwise(run, sealed, random));
    times.push(performance.now() - start);
  }
  return median(times);
}

async function safetyNumberMs(): Promise<number> {
  const party = async () => ({ accountId: accountIdFromBytes(random(32)), accountKey: (await generateKeyPair(random)).publicKey });
  const times: number[] = [];
  for (let i = 0; i < NUMBERS; i++) {
    const [ours, theirs] = [await party(), await party()];
    const start = performance.now();
    await safetyNumber(ours, theirs);
    times.push(performance.now() - start);
  }
  return median(times);
}

export async function ownFigures(): Promise<Figure[]> {
  return [
    { name: 'seal_open_ms', value: await sealOpenMs(), unit: 'ms', atMost: 1 },
    { name: 'record_growth_bytes', value: await growthOver(TURNS), unit: 'B', atMost: 0 },
    { name: 'safety_number_ms', value: await safetyNumberMs(), unit: 'ms', atMost: 100 },
  ];
}
