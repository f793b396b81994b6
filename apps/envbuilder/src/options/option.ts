import { parseBoolean } from '@shale/core';
import { OptionInvalidError } from './option-invalid-error.ts';

/** As `--help` names it. */
export type OptionType = 'string' | 'int' | 'bool' | 'string-array';

/** One setting: its flag, its variable, and their legacy twins without the prefix. */
export interface Option<T> {
  /** Without prefix, as `CACHE_REPO`. */
  readonly name: string;
  readonly type: OptionType;
  /** As `--help` shows it; `undefined` when there is none. */
  readonly shownDefault?: string | undefined;
  readonly description: string;
  /** Not in `--help`. */
  readonly hidden?: boolean | undefined;
  /** The variable has no prefix, and there is no legacy twin: `CODER_AGENT_URL`. */
  readonly bare?: boolean | undefined;
  /** A flag alone on the command line stands for `true`. */
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

/** The variable that stood for the option before there was a prefix. */
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

/** Separated by commas; a part in double quotes may hold one. */
export function list(name: string, absent: readonly string[], description: Description): Option<readonly string[]> {
  const shownDefault = absent.length === 0 ? undefined : absent.join(',');
  return { name, type: 'string-array', isSwitch: false, absent, shownDefault, parse: splitCommas, ...description };
}

/** `true`, `false`, or a depth: how deep submodules are cloned. `0` is not at all. */
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
