import { DockerfileError } from './dockerfile-error.ts';

/** Computes the new mode of a file from its old one. Both are permission bits, 07777. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const OCTAL = /^[0-7]+$/;
const MAX_MODE = 0o7777;
const CLAUSE = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const OPERATION = /([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g;
/** What each letter for users stands for: their permissions, and their special bit. */
const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };

/**
 * Reads a `--chmod` value: octal up to 07777, or symbolic as in `u=rwX,go=rX`. The umask has no effect.
 * @throws {DockerfileError}
 * @example parseChmod('u=rwX,go=rX')(0o600, true) // 0o755
 */
export function parseChmod(text: string): ModeChange {
  const octal = OCTAL.test(text) ? Number.parseInt(text, 8) : undefined;
  if (octal !== undefined && octal <= MAX_MODE) return () => octal;
  const clauses = octal === undefined ? text.split(',').map(parseClause) : [undefined];
  const changes = clauses.map((change) => {
    if (change !== undefined) return change;
    throw new DockerfileError(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`, {
      hint: 'Write an octal mode such as 755, or a symbolic one such as u=rwX,go=rX.',
    });
  });
  return (mode, isDirectory) => changes.reduce((folded, change) => change(folded, isDirectory), mode);
}

function parseClause(clause: string): ModeChange | undefined {
  const [, who = '', operations] = CLAUSE.exec(clause) ?? [];
  if (operations === undefined) return undefined;
  const mask = who === '' ? MAX_MODE : [...who].reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0);
  const steps = [...operations.matchAll(OPERATION)];
  return (mode, isDirectory) =>
    steps.reduce((folded, [, operator, letters = '']) => {
      const bits = permissionBits(letters, folded, isDirectory) & mask;
      if (operator === '+') return folded | bits;
      if (operator === '-') return folded & ~bits;
      // `=` keeps the set-id bits of a directory, as chmod(1) does
      const cleared = isDirectory ? mask & 0o1777 : mask;
      return (folded & ~cleared) | bits;
    }, mode);
}

function permissionBits(letters: string, mode: number, isDirectory: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'r') bits |= 0o444;
    else if (letter === 'w') bits |= 0o222;
    else if (letter === 'x' || (letter === 'X' && (isDirectory || (mode & 0o111) !== 0))) bits |= 0o111;
    else if (letter === 's') bits |= 0o6000;
    else if (letter === 't') bits |= 0o1000;
    else if (letter === 'u') bits |= spread((mode >> 6) & 7);
    else if (letter === 'g') bits |= spread((mode >> 3) & 7);
    else if (letter === 'o') bits |= spread(mode & 7);
  }
  return bits;
}

const spread = (bits: number) => (bits << 6) | (bits << 3) | bits;
