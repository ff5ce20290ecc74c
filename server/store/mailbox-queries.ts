import { build, type Prepare } from './query.ts';

// Ids are random, so two bodies of one id are somebody's doing; a few are told apart, thousands would be work for the relay.
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
        .select((select) => [select.fn.countAll<number>().as('envelopes'), select.fn.sum<number | null>('size').as('bytes')])
        .where('device', '=', argument.device),
    ),
    setLastSequence: prepared<{ device: number; sequence: number }>()((argument) =>
      build.updateTable('mailboxes').set({ last_sequence: argument.sequence }).where('device', '=', argument.device),
    ),
    setAcknowledged: prepared<{ device: number; sequence: number }>()((argument) =>
      build.updateTable('mailboxes').set({ acknowledged: argument.sequence }).where('device', '=', argument.device),
    ),
    bodiesOfEnvelope: prepared<{ envelopeId: Uint8Array }>()((argument) =>
      build.selectFrom('bodies').select(['row', 'digest']).where('envelope_id', '=', argument.envelopeId).limit(MAX_BODIES_OF_ONE_ID),
    ),
    isWaiting: prepared<{ device: number; body: number }>()((argument) =>
      build.selectFrom('waiting').select('row').where('body', '=', argument.body).where('device', '=', argument.device),
    ),
    insertBody: prepared<{ envelopeId: Uint8Array; digest: Uint8Array; expiresHour: number; body: Uint8Array }>()((argument) =>
      build.insertInto('bodies').values({
        envelope_id: argument.envelopeId,
        digest: argument.digest,
        expires_hour: argument.expiresHour,
        body: argument.body,
      }),
    ),
    insertWaiting: prepared<{ device: number; sequence: number; body: number; size: number }>()((argument) =>
      build
        .insertInto('waiting')
        .values({ device: argument.device, sequence: argument.sequence, body: argument.body, size: argument.size }),
    ),
    waitingAfter: prepared<{ device: number; after: number; limit: number }>()((argument) =>
      build
        .selectFrom('waiting')
        .select(['sequence', 'body', 'size'])
        .where('device', '=', argument.device)
        .where('sequence', '>', argument.after)
        .orderBy('sequence')
        .limit(argument.limit),
    ),
    body: prepared<{ body: number }>()((argument) =>
      build.selectFrom('bodies').select(['envelope_id', 'digest', 'expires_hour', 'body']).where('row', '=', argument.body),
    ),
    deleteUpTo: prepared<{ device: number; upTo: number }>()((argument) =>
      build.deleteFrom('waiting').where('device', '=', argument.device).where('sequence', '<=', argument.upTo).returning(['body', 'size']),
    ),
    deleteBodyIfUnused: prepared<{ body: number }>()((argument) =>
      build
        .deleteFrom('bodies')
        .where('row', '=', argument.body)
        .where((where) => where.not(where.exists(build.selectFrom('waiting').select('row').where('body', '=', argument.body)))),
    ),
    oldestBodies: prepared<{ limit: number }>()((argument) =>
      build.selectFrom('bodies').select(['row', 'expires_hour']).orderBy('row').limit(argument.limit),
    ),
    deleteWaitingOfBody: prepared<{ body: number }>()((argument) =>
      build.deleteFrom('waiting').where('body', '=', argument.body).returning(['device', 'size']),
    ),
  };
}
