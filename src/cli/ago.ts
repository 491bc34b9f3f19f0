/** How long ago something was, in docker's words. */

const UNITS = [
  ["year", 365 * 24 * 3600],
  ["month", 30 * 24 * 3600],
  ["week", 7 * 24 * 3600],
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** "3 days ago"; both times in milliseconds. Units change as in docker: 48 hours, 14 days, 60 days, two years. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  if (seconds < 1) return "Less than a second ago";
  if (seconds < 60) return seconds === 1 ? "1 second ago" : `${seconds} seconds ago`;
  if (seconds < 120) return "About a minute ago";
  if (seconds >= 3600 && seconds < 7200) return "About an hour ago";
  const [unit, length] = UNITS.find(([, each]) => seconds >= 2 * each) ?? ["minute", 60];
  return `${Math.floor(seconds / length)} ${unit}s ago`;
}
