/** One engine per account and browser: who may open the vault. In Node the process that was started is always the owner. */
export type Ownership = {
  /** `onLost` is called once when another engine takes over, also after a later `takeOver`; not after `release`. */
  acquire(onLost: () => void): Promise<'owned' | 'elsewhere'>;
  /** After `elsewhere`: takes it from whoever has it. The other's vault commits fail by their epoch even if it never hears of it. */
  takeOver(): Promise<void>;
  release(): void;
};
