import { create } from 'zustand';

export type Toast = { id: number; text: string; undo?: () => void; tone?: 'danger' };

const SHOWN_MS = 5_000;
let last = 0;

export const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));

export function dismissToast(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
}

export function toast(text: string, options: { tone?: 'danger' } = {}): void {
  last += 1;
  const id = last;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, { id, text, ...options }] }));
  setTimeout(() => dismissToast(id), SHOWN_MS);
}

const waiting = new Map<number, () => void>();

/** Does something a few seconds later, unless it is taken back. */
export function toastWithUndo(text: string, act: () => void, undone: () => void): void {
  last += 1;
  const id = last;
  const finish = (): void => {
    clearTimeout(timer);
    waiting.delete(id);
    dismissToast(id);
  };
  const timer = setTimeout(() => {
    finish();
    act();
  }, SHOWN_MS);
  waiting.set(id, () => {
    finish();
    act();
  });
  const undo = (): void => {
    finish();
    undone();
  };
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, { id, text, undo }] }));
}

/** Before the page goes away or locks: what could still be undone happens now. */
export function finishToasts(): void {
  for (const act of [...waiting.values()]) act();
  useToasts.setState({ toasts: [] });
}
