/** Conversations' cases with no more randomness for their two sides than they draw. */
import { CryptoError } from '../../../crypto/index.ts';
import { type Given, given, type JsonObject, type Make } from '../family.ts';
import { cut } from '../spoil.ts';

type Play = (input: JsonObject, given: Given) => Promise<JsonObject>;

async function trimmed(play: Play, input: JsonObject): Promise<JsonObject> {
  const drawn = new Map<unknown, number>();
  const counting: Given = {
    ...given(),
    random(hex) {
      const draw = given().random(hex);
      return (length) => {
        drawn.set(hex, (drawn.get(hex) ?? 0) + length);
        return draw(length);
      };
    },
  };
  await play(structuredClone(input), counting).catch((error: unknown) => {
    if (!(error instanceof CryptoError)) throw error;
  });
  const side = (name: 'a' | 'b'): JsonObject => {
    const one = input[name] as JsonObject;
    return { ...one, random: cut(one['random'] as string, drawn.get(one['random']) ?? 0) };
  };
  return { ...input, a: side('a'), b: side('b') };
}

/** Makes each case of what it draws. */
export const trimming = (make: Make, play: Play): Make => ({
  ...make,
  valid: async (comment, flags, input) => make.valid(comment, flags, await trimmed(play, input)),
  invalid: async (comment, flags, input, error) => make.invalid(comment, flags, await trimmed(play, input), error),
});
