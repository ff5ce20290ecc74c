/** How many letters to put in, leave out or change to come from one word to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1);
    }
    row = next;
  }
  return row[b.length] as number;
}

/** What was probably meant: the word that begins so, or that is two letters away at most, of short ones one. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const near = words
    .map((word) => ({ word, away: typed.length > 1 && word.startsWith(typed) ? 1 : distance(typed, word) }))
    .filter(({ away }) => away <= (typed.length > 3 ? 2 : 1))
    .sort((a, b) => a.away - b.away);
  return near[0]?.word;
}
