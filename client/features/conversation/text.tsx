import { Fragment, type ReactNode } from 'react';

const LINK = /https?:\/\/[^\s<>"'`]+/giu;
// What usually ends the sentence, not the address.
const TRAILING = /[.,;:!?…)\]}»”’]+$/u;

/** Closing brackets belong to the address when it opened them. */
function trimmed(link: string): string {
  let end = link.replace(TRAILING, '');
  while (link[end.length] === ')' && end.split('(').length > end.split(')').length) end = link.slice(0, end.length + 1);
  return end;
}

function hostOf(link: string): string | undefined {
  try {
    return new URL(link).host;
  } catch {
    return undefined;
  }
}

/** Text as React nodes, links among them: what stands there is exactly where it leads. Never HTML. */
export function MessageText({ text }: { text: string }) {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const { 0: match, index } of text.matchAll(LINK)) {
    const link = trimmed(match);
    if (!hostOf(link)) continue;
    parts.push(
      <Fragment key={at}>{text.slice(at, index)}</Fragment>,
      <a key={`link ${index}`} href={link} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
        {link}
      </a>,
    );
    at = index + link.length;
  }
  parts.push(<Fragment key="end">{text.slice(at)}</Fragment>);
  return parts;
}
