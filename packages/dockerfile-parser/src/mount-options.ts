import { parseBoolean } from './parse-boolean.ts';
import { DockerfileError } from './dockerfile-error.ts';

/** A `key=value` of a mount. */
export interface MountField {
  /** The key in lower case, with aliases resolved. */
  readonly key: string;
  /** The key as written, in lower case, for messages. */
  readonly name: string;
  /** `undefined` when there is no `=`. */
  readonly value: string | undefined;
}

const ALIASES: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
};
const SWITCHES: ReadonlySet<string> = new Set(['readonly', 'readwrite', 'required']);

/** Reads the fields of `--mount`. @throws {DockerfileError} */
export function splitMount(text: string): MountField[] {
  return splitCsv(text).map((field) => {
    const equals = field.indexOf('=');
    const name = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const key = Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : name;
    if (equals >= 0) return { key, name, value: field.slice(equals + 1) };
    if (SWITCHES.has(key)) return { key, name, value: undefined };
    throw new DockerfileError(`invalid field '${field}' must be a key=value pair`, {
      hint: `Write ${name}=VALUE.`,
    });
  });
}

/** Splits at commas. A field in double quotes may contain commas, and `""` for a quote. */
function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const { field, end } = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    fields.push(field);
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

function plainField(text: string, start: number): { field: string; end: number } {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const field = text.slice(start, end);
  if (field.includes('"')) throw badCsv('bare " in non-quoted field');
  return { field, end };
}

function quotedField(text: string, start: number): { field: string; end: number } {
  let field = '';
  for (let index = start + 1; index < text.length; index += 1) {
    const character = text[index] ?? '';
    const next = text[index + 1];
    if (character !== '"') field += character;
    else if (next === '"') {
      field += '"';
      index += 1;
    } else if (next === undefined || next === ',') return { field, end: index + 1 };
    else break;
  }
  throw badCsv('extraneous or missing " in quoted-field');
}

function badCsv(problem: string): DockerfileError {
  return new DockerfileError(`failed to parse csv mounts: ${problem}`, {
    hint: 'Quote a whole field, with two quotes for one inside.',
  });
}

export function parseSwitch(name: string, value: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed !== undefined) return parsed;
  throw new DockerfileError(`invalid value for ${name}: ${value}`, { hint: 'Write true or false.' });
}

const MAX_UINT32 = 2 ** 32 - 1;

/** `mode` is octal; `uid` and `gid` are decimal. */
export function parseNumber(name: string, value: string): number {
  const base = name === 'mode' ? 8 : 10;
  const digits = base === 8 ? /^[0-7]+$/ : /^\d+$/;
  const number = digits.test(value) ? Number.parseInt(value, base) : Number.NaN;
  if (number <= MAX_UINT32) return number;
  throw new DockerfileError(`invalid value ${value} for ${name}`, {
    hint: base === 8 ? 'Write an octal mode such as 0755.' : 'Write a number: names are not looked up here.',
  });
}

const SIZE = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i;
const SIZE_UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** Reads a number of bytes with docker's suffixes: `64m` is 64 MiB. */
export function parseSize(value: string): number {
  const [, digits, unit = ''] = SIZE.exec(value) ?? [];
  if (digits !== undefined) return Math.floor(Number(digits) * 1024 ** SIZE_UNITS.indexOf(unit.toLowerCase()));
  throw new DockerfileError(`invalid size: '${value}'`, { hint: 'Write bytes, or a number with k, m or g.' });
}
