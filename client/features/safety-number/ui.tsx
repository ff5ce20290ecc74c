import { BadgeCheck, Camera } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { AccountId, SafetyNumber } from '../../messenger/api.ts';
import { nameOf, useConversations } from '../../store/conversations.ts';
import { messenger } from '../../store/messenger.ts';
import { Button } from '../../ui/button.tsx';
import { safety } from '../../ui/copy/people.ts';
import { failureSentence } from '../../ui/copy/failure.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { QrCode } from '../../ui/qr-code.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { useAct } from '../../ui/use-act.ts';
import styles from './safety-number.module.css';
import { Scanner } from './scanner.tsx';

const GROUP_DIGITS = 5;
const groupsOf = (digits: string): string[] =>
  Array.from({ length: digits.length / GROUP_DIGITS }, (_, at) => digits.slice(at * GROUP_DIGITS, (at + 1) * GROUP_DIGITS));

export function SafetyNumberDialog({ accountId, onClose }: { accountId: AccountId; onClose: () => void }) {
  const name = useConversations(({ names }) => nameOf(names, accountId));
  const [number, setNumber] = useState<SafetyNumber>();
  const [scanning, setScanning] = useState(false);
  const { busy, problem, act, setProblem } = useAct();
  useEffect(() => {
    let current = true;
    messenger()
      .safetyNumber(accountId)
      .then(
        (answer) => current && setNumber(answer),
        (error: unknown) => current && setProblem(failureSentence(error)),
      );
    return () => {
      current = false;
    };
  }, [accountId, setProblem]);

  const verify = (verified: boolean): void =>
    act(async () => {
      await messenger().setVerified(accountId, verified);
      setNumber((known) => (known ? { ...known, verified } : known));
    });
  const noCamera = (): void => {
    setScanning(false);
    setProblem(safety.noCamera);
  };
  const scanned = (bytes: Uint8Array): void => {
    setScanning(false);
    act(async () => {
      const result = await messenger().compareSafetyNumber(accountId, bytes);
      if (result === 'match') setNumber((known) => (known ? { ...known, verified: true } : known));
      else setProblem(safety.mismatch);
    });
  };

  return (
    <Dialog size="wide" title={safety.title} description={number?.verified ? safety.verified(name) : safety.text(name)} onClose={onClose}>
      {number ? (
        <div className={styles['both']}>
          <div className={styles['code']}>
            {scanning ? <Scanner onScanned={scanned} onFailed={noCamera} /> : <QrCode content={number.scannable} label={safety.code} />}
          </div>
          <ol className={styles['digits']} aria-label={safety.number}>
            {groupsOf(number.digits).map((digits, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: five digits may stand twice
              <li key={at}>{digits}</li>
            ))}
          </ol>
        </div>
      ) : problem ? null : (
        <Spinner />
      )}
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
      {scanning ? <p>{safety.scanning}</p> : null}
      {number ? (
        <DialogActions>
          {'mediaDevices' in navigator ? (
            <Button icon={Camera} onClick={() => setScanning(!scanning)}>
              {scanning ? safety.stop : safety.scan}
            </Button>
          ) : null}
          {number.verified ? (
            <Button aria-disabled={busy} onClick={() => verify(false)}>
              {safety.undo}
            </Button>
          ) : (
            <Button look="primary" icon={BadgeCheck} aria-disabled={busy} onClick={() => verify(true)}>
              {safety.match}
            </Button>
          )}
        </DialogActions>
      ) : null}
    </Dialog>
  );
}
