import { Button } from './button.tsx';
import { words } from './copy/common.ts';
import { Dialog, DialogActions } from './dialog.tsx';
import { Notice } from './notice.tsx';
import { useAct } from './use-act.ts';

type ConfirmProps = { title: string; text: string; action: string; onConfirm: () => Promise<unknown>; onClose: () => void };

/** Asks once before what cannot be undone. */
export function Confirm({ title, text, action, onConfirm, onClose }: ConfirmProps) {
  const { busy, problem, act } = useAct();
  return (
    <Dialog title={title} description={text} busy={busy} onClose={onClose}>
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
      <DialogActions>
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button look="danger" aria-disabled={busy} onClick={() => act(() => onConfirm().then(onClose))}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
