/** As the relay takes names. What a link says is anybody's text, and is shown for a name only when it could be one. */
const USERNAME = /^[a-z][a-z0-9_]{2,31}$/;

export const isUsername = (text: string): boolean => USERNAME.test(text);
