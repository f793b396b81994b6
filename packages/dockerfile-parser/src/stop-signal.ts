import { DockerfileError } from './dockerfile-error.ts';

const NAMES =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ';
const KNOWN: ReadonlySet<string> = new Set(NAMES.split(' '));
const MAX_SIGNAL = 64;
const REAL_TIME = /^RTM(?:IN(?:\+\d{1,2})?|AX(?:-\d{1,2})?)$/;

/** Checks what STOPSIGNAL names: a number, or a name with or without SIG. @throws {DockerfileError} */
export function parseSignal(text: string): string {
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const isValid = number === undefined ? KNOWN.has(name) || REAL_TIME.test(name) : number > 0 && number <= MAX_SIGNAL;
  if (isValid) return text;
  throw new DockerfileError(`Invalid signal: ${text}`, { hint: 'Write a name such as SIGTERM, or a number.' });
}
