import { DockerfileError } from './dockerfile-error.ts';

const NAMES =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ';
const KNOWN: ReadonlySet<string> = new Set(NAMES.split(' '));
const REAL_TIME = /^RTM(?:IN(?:\+(?:[1-9]|1[0-5]))?|AX(?:-(?:[1-9]|1[0-4]))?)$/;

/** Checks a STOPSIGNAL: a number, or a name with or without SIG. @throws {DockerfileError} `invalid signal: …` */
export function parseSignal(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const isValid = /^\d+$/.test(text) ? Number(text) > 0 : KNOWN.has(name) || REAL_TIME.test(name);
  if (isValid) return text;
  throw new DockerfileError(`invalid signal: ${text}`, { hint: 'Write a name such as SIGTERM, or a number.' });
}
