/**
 * One bit outside the vault: an account lived here. It outlives an empty vault, so that a browser which cleared its databases is told from
 * one that never had an account, and the person sees "restore" instead of "sign up". It carries no name and no id.
 */
export type Marker = {
  get(): Promise<boolean>;
  set(): Promise<void>;
  clear(): Promise<void>;
};
