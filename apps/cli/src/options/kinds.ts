import { suggest } from '@shale/dockerfile-parser';
import { parseBoolean } from '@shale/core';
import { UsageError } from '../errors/usage-error.ts';
import { parseDuration } from './duration.ts';
import type { Completion, Option, OptionGroup, OptionOrigin, OptionVariable } from './option.ts';

interface Description {
  readonly flag: string;
  readonly short?: string | undefined;
  readonly group: OptionGroup;
  readonly help: string;
  /** Names alone, or with the way their text is read. */
  readonly variables?: readonly (string | OptionVariable)[] | undefined;
  readonly completion?: Completion | undefined;
  readonly shownDefault?: string | undefined;
}

interface Valued extends Description {
  readonly placeholder: string;
}

/** A switch: `--push`, `--push=false`. A variable takes 1, 0, true and false. */
export function toggle(description: Description): Option<boolean> {
  return { ...common(description), repeatable: false, absent: false, parse: lastOf(parseSwitch) };
}

export function text(description: Valued): Option<string | undefined> {
  return { ...common(description), repeatable: false, absent: undefined, parse: lastOf((value) => value) };
}

/** May be given many times; the values in order. */
export function list(description: Valued): Option<readonly string[]> {
  return { ...common(description), repeatable: true, absent: [], parse: (values) => values };
}

export function integer(
  description: Valued & { readonly min: number; readonly max: number },
): Option<number | undefined> {
  const { min, max } = description;
  const parse = (value: string, { name }: OptionOrigin) => {
    const number = Number(value);
    if (/^-?\d+$/.test(value) && number >= min && number <= max) return number;
    throw new UsageError(`${name} takes a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`);
  };
  return { ...common(description), repeatable: false, absent: undefined, parse: lastOf(parse) };
}

/** One of a few words. */
export function choice<const Word extends string>(
  description: Description & { readonly choices: readonly Word[] },
): Option<Word | undefined> {
  const { choices } = description;
  const parse = (value: string, { name }: OptionOrigin): Word => {
    const found = choices.find((word) => word === value);
    if (found !== undefined) return found;
    const near = suggest(value, choices);
    throw new UsageError(`${name} takes ${choices.join(', ')}, not ${JSON.stringify(value)}`, {
      hint: near === undefined ? undefined : `Did you mean ${near}?`,
    });
  };
  return {
    ...common({ completion: choices, ...description }),
    placeholder: choices.join('|'),
    repeatable: false,
    absent: undefined,
    parse: lastOf(parse),
  };
}

/** A length of time in milliseconds, written `7d`, `12h`, `90m` or `1h30m`. */
export function duration(description: Valued): Option<number | undefined> {
  return { ...common(description), repeatable: false, absent: undefined, parse: lastOf(parseDuration) };
}

/** `NAME=VALUE` pairs. `NAME` alone takes the value from the variable of that name, and is dropped when it is unset. */
export function assignments(description: Valued): Option<Readonly<Record<string, string>>> {
  const parse = (values: readonly string[], origin: OptionOrigin) =>
    Object.fromEntries(values.flatMap((value) => assignmentOf(value, origin)));
  return { ...common(description), repeatable: true, absent: {}, parse };
}

function assignmentOf(value: string, { name, env }: OptionOrigin): readonly [string, string][] {
  const equals = value.indexOf('=');
  const key = equals < 0 ? value : value.slice(0, equals);
  if (key === '') throw new UsageError(`${name} takes NAME=VALUE, not ${JSON.stringify(value)}`);
  const content = equals < 0 ? env[key] : value.slice(equals + 1);
  return content === undefined ? [] : [[key, content]];
}

function parseSwitch(value: string, { name }: OptionOrigin): boolean {
  const parsed = parseBoolean(value);
  if (parsed !== undefined) return parsed;
  throw new UsageError(`${name} takes true or false, not ${JSON.stringify(value)}`);
}

function lastOf<T>(parse: (value: string, origin: OptionOrigin) => T): Option<T>['parse'] {
  return (values, origin) => parse(values.at(-1) ?? '', origin);
}

function common({ variables = [], completion = 'none', ...description }: Description & { placeholder?: string }) {
  return {
    ...description,
    completion,
    variables: variables.map((variable) => (typeof variable === 'string' ? { name: variable } : variable)),
  };
}
