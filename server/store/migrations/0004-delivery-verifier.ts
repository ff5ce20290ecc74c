/** SHA-256 of the token that an account gives to its contacts. Which envelopes came with it is written nowhere. */
export const deliveryVerifier = ['ALTER TABLE accounts ADD COLUMN delivery_verifier BLOB'];
