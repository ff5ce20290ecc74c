/** A hue in degrees from an id: the same person has the same colour everywhere, whatever the name. */
export function hueOf(id: string): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) >>> 0;
  // Steps of 15 degrees keep neighbours apart.
  return (hash % 24) * 15;
}

const firstGrapheme = (word: string): string => {
  const [first] = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(word);
  return first?.segment ?? '';
};

export function initialsOf(name: string): string {
  const parts = name.split(/[\s_.\-–—]+/u).filter((part) => /[\p{L}\p{N}\p{Emoji_Presentation}]/u.test(part));
  const [first = name, second] = parts;
  return second === undefined ? firstGrapheme(first) : firstGrapheme(first) + firstGrapheme(second);
}

const ASCII = /^[ -~]*$/;

/** A name between other words, kept from reordering them (Unicode isolates). */
export const isolate = (name: string): string => (ASCII.test(name) ? name : `\u2068${name}\u2069`);
