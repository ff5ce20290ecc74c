/** The first byte of the bare harness's messages. */
export const BARE = { hello: 1, submit: 2, ack: 3, accepted: 4, deliver: 5 } as const;
