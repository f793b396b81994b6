import { parseBoolean } from '@shale/core';
import { OptionInvalidError } from './option-invalid-error.ts';

/** The name of the type in `--help`. */
export type OptionType = 'string' | 'int' | 'bool' | 'string-array';

/** A setting, which has a flag, a variable, and legacy forms of both without the prefix. */
export interface Option<T> {
  /** Without the prefix: `CACHE_REPO`. */
  readonly name: string;
  readonly type: OptionType;
  /** The default that `--help` shows; `undefined` for none. */
  readonly shownDefault?: string | undefined;
  readonly description: string;
  /** Not in `--help`. */
  readonly hidden?: boolean | undefined;
  /** The variable has neither a prefix nor a legacy form: `CODER_AGENT_URL`. */
  readonly bare?: boolean | undefined;
  /** The flag without a value means `true`. */
  readonly isSwitch: boolean;
  readonly absent: T;
  /** @throws {OptionInvalidError} */
  readonly parse: (text: string, origin: string) => T;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

type Description = Pick<Option<unknown>, 'description' | 'hidden' | 'bare' | 'shownDefault'>;

export const PREFIX = 'ENVBUILDER_';

export function variableOf({ name, bare }: Pick<Option<unknown>, 'name' | 'bare'>): string {
  return bare === true ? name : `${PREFIX}${name}`;
}

/** The variable without the prefix, as in early versions of envbuilder. */
export function legacyVariableOf({ name, bare }: Pick<Option<unknown>, 'name' | 'bare'>): string | undefined {
  return bare === true ? undefined : name;
}

/** Without dashes. */
export function flagOf({ name }: Pick<Option<unknown>, 'name'>): string {
  return name.toLowerCase().replaceAll('_', '-');
}

export function text(name: string, description: Description): Option<string | undefined> {
  return { name, type: 'string', isSwitch: false, absent: undefined, parse: (value) => value, ...description };
}

/** With a default. */
export function textOr(name: string, absent: string, description: Description): Option<string> {
  return {
    name,
    type: 'string',
    isSwitch: false,
    absent,
    shownDefault: absent,
    parse: (value) => value,
    ...description,
  };
}

export function toggle(name: string, absent: boolean, description: Description): Option<boolean> {
  const shownDefault = absent ? 'true' : undefined;
  return { name, type: 'bool', isSwitch: true, absent, shownDefault, parse: parseSwitch, ...description };
}

export function wholeNumber(name: string, absent: number, description: Description): Option<number> {
  const parse = (value: string, origin: string): number => {
    if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
    throw new OptionInvalidError(`${origin} takes a whole number, not ${JSON.stringify(value)}`);
  };
  return { name, type: 'int', isSwitch: false, absent, parse, ...description };
}

/** Separated by commas. A part in double quotes may have commas in it. */
export function list(name: string, absent: readonly string[], description: Description): Option<readonly string[]> {
  const shownDefault = absent.length === 0 ? undefined : absent.join(',');
  return { name, type: 'string-array', isSwitch: false, absent, shownDefault, parse: splitCommas, ...description };
}

/** `true`, `false`, or a number of levels. `0` means none. */
export function depthOrToggle(name: string, depthOfTrue: number, description: Description): Option<number> {
  const parse = (value: string, origin: string): number => {
    if (/^\d{1,6}$/.test(value)) return Number(value);
    return parseSwitch(value, origin) ? depthOfTrue : 0;
  };
  return { name, type: 'string', isSwitch: true, absent: 0, parse, ...description };
}

function parseSwitch(value: string, origin: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed !== undefined) return parsed;
  throw new OptionInvalidError(`${origin} takes true or false, not ${JSON.stringify(value)}`);
}

function splitCommas(value: string): readonly string[] {
  const fields = value.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? [];
  return fields.map((field) =>
    /^".*"$/s.test(field.trim()) ? field.trim().slice(1, -1).replaceAll('""', '"') : field.trim(),
  );
}
