/** The rows, as Kysely sees them. Each migration changes the database; this says where that leads. */
import type { Generated } from 'kysely';

type Blob = Uint8Array;

export type Tables = {
  accounts: {
    row: Generated<number>;
    account_id: string;
    username: string;
    role: string;
    genesis: Blob;
    list_version: number;
    disabled: Generated<number>;
    delivery_verifier: Generated<Blob | null>;
  };
  device_lists: { account: number; version: number; entry: Blob };
  rotations: { account: number; version: number; entry: Blob };
  devices: {
    row: Generated<number>;
    account: number;
    device_id: number;
    login_key: Blob | null;
    record: Blob | null;
    record_sequence: number;
    revoked: Generated<number>;
  };
  mailboxes: { device: number; last_sequence: number; acknowledged: number };
  one_time_prekeys: { device: number; id: number; public_key: Blob };
  bodies: { row: Generated<number>; envelope_id: Blob; digest: Blob; expires_hour: number; recipients: Blob; body: Blob };
  waiting: { device: number; sequence: number; body: number; size: number };
  group_logs: { row: Generated<number>; group_id: string; access_key: Blob; version: number; size: number };
  group_entries: { row: Generated<number>; group_log: number; version: number; entry: Blob };
  invites: {
    row: Generated<number>;
    id: Blob;
    code_hash: Blob;
    uses_left: number;
    expires_hour: number | null;
    makes_admin: number;
    created_by: number | null;
  };
  retired: { digest: Blob };
  admin_log: { row: Generated<number>; hour: number; act: string; target: string | null; by: string };
};
