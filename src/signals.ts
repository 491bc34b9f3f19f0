/** Signals of Linux by name, those for real time included, which Node does not know. */

/** "TERM" → 15, as container tools count them: RTMIN is 34. */
export const SIGNALS: ReadonlyMap<string, number> = new Map([
  ...Object.entries({
    HUP: 1,
    INT: 2,
    QUIT: 3,
    ILL: 4,
    TRAP: 5,
    ABRT: 6,
    IOT: 6,
    BUS: 7,
    FPE: 8,
    KILL: 9,
    USR1: 10,
    SEGV: 11,
    USR2: 12,
    PIPE: 13,
    ALRM: 14,
    TERM: 15,
    STKFLT: 16,
    CHLD: 17,
    CLD: 17,
    CONT: 18,
    STOP: 19,
    TSTP: 20,
    TTIN: 21,
    TTOU: 22,
    URG: 23,
    XCPU: 24,
    XFSZ: 25,
    VTALRM: 26,
    PROF: 27,
    WINCH: 28,
    IO: 29,
    POLL: 29,
    PWR: 30,
    SYS: 31,
    RTMIN: 34,
    RTMAX: 64,
  }),
  ...Array.from({ length: 15 }, (_, index): [string, number] => [`RTMIN+${index + 1}`, 35 + index]),
  ...Array.from({ length: 14 }, (_, index): [string, number] => [`RTMAX-${index + 1}`, 63 - index]),
]);

/** "SIGTERM", "term" or "15" → 15; undefined when there is no such signal. */
export function signalNumber(text: string): number | undefined {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : SIGNALS.get(text.toUpperCase().replace(/^SIG/, ""));
  return number !== undefined && number >= 1 && number <= 64 ? number : undefined;
}
