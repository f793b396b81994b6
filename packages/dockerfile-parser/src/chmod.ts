import { DockerfileError } from './dockerfile-error.ts';

/** The new mode of a file from its old one; both are permission bits. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };

/** `--chmod`: octal up to 07777, or symbolic as in `u=rwX,go=rX`. @throws {DockerfileError} */
export function parseChmod(text: string): ModeChange {
  if (/^[0-7]{1,5}$/.test(text) && Number.parseInt(text, 8) <= 0o7777) {
    const mode = Number.parseInt(text, 8);
    return () => mode;
  }
  const clauses = text.split(',').map((clause) => parseClause(clause, text));
  return (mode, isDirectory) => clauses.reduce((folded, change) => change(folded, isDirectory), mode);
}

function parseClause(clause: string, whole: string): ModeChange {
  const [, who = '', operations] = CLAUSE.exec(clause) ?? [];
  if (operations === undefined) {
    throw new DockerfileError(`invalid chmod parameter: '${whole}'. it should be octal string and between 0 and 07777`);
  }
  const mask = who === '' ? 0o7777 : [...who].reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0);
  const steps = [...operations.matchAll(/([-+=])([rwxXstugo]*)/g)].map(([, operator = '', letters = '']) => ({
    operator,
    letters,
  }));
  return (mode, isDirectory) =>
    steps.reduce((folded, { operator, letters }) => {
      const bits = permissionBits(letters, folded, isDirectory) & mask;
      if (operator === '+') return folded | bits;
      return operator === '-' ? folded & ~bits : (folded & ~(mask & 0o777)) | bits;
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
