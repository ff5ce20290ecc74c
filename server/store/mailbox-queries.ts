import { sql } from 'kysely';
import { build, type Prepare } from './query.ts';
import { RECIPIENT_ROW_BYTES } from './recipient-rows.ts';

// Ids are random: a few bodies under one come from an envelope handed in for some devices after others, thousands would be somebody's doing
// and work for the relay. Past these a repeat is stored again, and its recipients know it.
const MAX_BODIES_OF_ONE_ID = 8;

/** The hot statements: an envelope on its way runs these and no others. */
export function mailboxQueries(prepared: Prepare) {
  return {
    cursors: prepared<{ device: number }>()((argument) =>
      build.selectFrom('mailboxes').select(['last_sequence', 'acknowledged']).where('device', '=', argument.device),
    ),
    fill: prepared<{ device: number }>()((argument) =>
      build
        .selectFrom('waiting')
        .select((select) => [
          select.fn.countAll<number>().as('envelopes'),
          select.fn.sum<number | null>('size').as('bytes'),
          select.fn.max<number | null>('sequence').as('newest'),
        ])
        .where('device', '=', argument.device),
    ),
    setCursors: prepared<{ device: number; lastSequence: number; acknowledged: number }>()((argument) =>
      build
        .updateTable('mailboxes')
        .set({ last_sequence: argument.lastSequence, acknowledged: argument.acknowledged })
        .where('device', '=', argument.device),
    ),
    bodiesOfEnvelope: prepared<{ envelopeId: Uint8Array }>()((argument) =>
      build
        .selectFrom('bodies')
        .select(['row', 'digest', 'recipients'])
        .where('envelope_id', '=', argument.envelopeId)
        .limit(MAX_BODIES_OF_ONE_ID),
    ),
    insertBody: prepared<{ envelopeId: Uint8Array; digest: Uint8Array; expiresHour: number; recipients: Uint8Array; body: Uint8Array }>()(
      (argument) =>
        build.insertInto('bodies').values({
          envelope_id: argument.envelopeId,
          digest: argument.digest,
          expires_hour: argument.expiresHour,
          recipients: argument.recipients,
          body: argument.body,
        }),
    ),
    insertWaiting: prepared<{ device: number; sequence: number; body: number; size: number }>()((argument) =>
      build
        .insertInto('waiting')
        .values({ device: argument.device, sequence: argument.sequence, body: argument.body, size: argument.size }),
    ),
    sizesAfter: prepared<{ device: number; after: number; limit: number }>()((argument) =>
      build
        .selectFrom('waiting')
        .select(['sequence', 'body', 'size'])
        .where('device', '=', argument.device)
        .where('sequence', '>', argument.after)
        .orderBy('sequence')
        .limit(argument.limit),
    ),
    envelopesAfter: prepared<{ device: number; after: number; limit: number }>()((argument) =>
      build
        .selectFrom('waiting')
        .innerJoin('bodies', 'bodies.row', 'waiting.body')
        .select(['waiting.sequence', 'bodies.envelope_id', 'bodies.expires_hour', 'bodies.digest', 'bodies.body'])
        .where('waiting.device', '=', argument.device)
        .where('waiting.sequence', '>', argument.after)
        .orderBy('waiting.sequence')
        .limit(argument.limit),
    ),
    deleteUpTo: prepared<{ device: number; upTo: number }>()((argument) =>
      build.deleteFrom('waiting').where('device', '=', argument.device).where('sequence', '<=', argument.upTo).returning(['body', 'size']),
    ),
    /** Most bodies have one recipient, and go with it. */
    deleteBodyOfOne: prepared<{ body: number }>()((argument) =>
      build.deleteFrom('bodies').where('row', '=', argument.body).where(sql<number>`length(recipients)`, '=', RECIPIENT_ROW_BYTES),
    ),
    takeBodyOfOne: prepared<{ body: number }>()((argument) =>
      build
        .deleteFrom('bodies')
        .where('row', '=', argument.body)
        .where(sql<number>`length(recipients)`, '=', RECIPIENT_ROW_BYTES)
        .returning(['envelope_id', 'digest']),
    ),
    /** Of the index alone: beside the bodies themselves, of which none is read, it is small. */
    idsAfter: prepared<{ after: Uint8Array; limit: number }>()((argument) =>
      build
        .selectFrom('bodies')
        .select('envelope_id')
        .where('envelope_id', '>', argument.after)
        .orderBy('envelope_id')
        .limit(argument.limit),
    ),
    deleteBody: prepared<{ body: number }>()((argument) => build.deleteFrom('bodies').where('row', '=', argument.body)),
    sharedBody: prepared<{ body: number }>()((argument) =>
      build.selectFrom('bodies').select(['envelope_id', 'digest', 'recipients']).where('row', '=', argument.body),
    ),
    setRecipients: prepared<{ body: number; recipients: Uint8Array }>()((argument) =>
      build.updateTable('bodies').set({ recipients: argument.recipients }).where('row', '=', argument.body),
    ),
    oldestBodies: prepared<{ limit: number }>()((argument) =>
      build.selectFrom('bodies').select(['row', 'expires_hour', 'recipients']).orderBy('row').limit(argument.limit),
    ),
  };
}
