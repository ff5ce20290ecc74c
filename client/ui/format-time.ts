// Words are in the page's language; the clock has 12 or 24 hours as the reader's own.
const LANGUAGE = 'en-GB';
const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const weekdayFormat = new Intl.DateTimeFormat(LANGUAGE, { weekday: 'long' });
const shortWeekdayFormat = new Intl.DateTimeFormat(LANGUAGE, { weekday: 'short' });
const dayFormat = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'long' });
const shortDayFormat = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'short' });
const dateFormat = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDateFormat = new Intl.DateTimeFormat(LANGUAGE, { day: '2-digit', month: '2-digit', year: '2-digit' });
const fullDateFormat = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium' });
const relativeFormat = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: 'auto' });

const DAY_MS = 24 * 3_600_000;

const startOfDay = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
/** Whole days between two moments, by the calendar and not by the clock. */
const daysAgo = (at: number, now: number): number => Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const sameDay = (one: number, other: number): boolean => startOfDay(one) === startOfDay(other);
export const clock = (at: number): string => clockFormat.format(at);
export const fullTime = (at: number): string => `${fullDateFormat.format(at)}, ${clock(at)}`;

/** Today, Yesterday, a weekday, a date. */
export function dayName(at: number, now: number): string {
  const days = daysAgo(at, now);
  if (days === 0 || days === 1) return capital(relativeFormat.format(-days, 'day'));
  if (days > 1 && days < 7) return weekdayFormat.format(at);
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? dayFormat.format(at) : dateFormat.format(at);
}

/** The shortest that is still clear, for a row of the list. */
export function shortTime(at: number, now: number): string {
  const days = daysAgo(at, now);
  if (days <= 0) return clock(at);
  if (days === 1) return capital(relativeFormat.format(-1, 'day'));
  if (days < 7) return shortWeekdayFormat.format(at);
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? shortDayFormat.format(at) : shortDateFormat.format(at);
}
