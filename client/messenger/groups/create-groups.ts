import type { Groups } from './groups.ts';
import { Failure } from '../api.ts';

export function createGroups(_: unknown): Groups {
  const no = () => Promise.reject(new Failure('broken'));
  return { courier: { prepare: no, deliver: no }, take: no, control: no, receipt: no, redistribute: () => undefined, membersOf: () => [], create: no, add: no, remove: no, leave: no, rename: no, setRole: no, ready: () => undefined };
}
