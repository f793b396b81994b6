import { DockerfileError } from '../dockerfile-error.ts';
import { parseBoolean } from '../parse-boolean.ts';
import { didYouMean } from '../suggest.ts';

/** The options in `# check=`. */
export interface CheckOptions {
  readonly skip: RuleSelection;
  /** Whether a finding fails the build. */
  readonly error: boolean;
  /** Experimental rules to run. */
  readonly experimental: RuleSelection;
}

export type RuleSelection = 'all' | ReadonlySet<string>;

const OPTIONS = ['skip', 'error', 'experimental'];
const NONE: ReadonlySet<string> = new Set();

/**
 * Reads the value of a check directive.
 * @throws {DockerfileError} `invalid check option "…"`
 * @example parseCheckOptions('skip=UndefinedVar,StageNameCasing;error=true').error // true
 */
export function parseCheckOptions(text: string | undefined): CheckOptions {
  let skip: RuleSelection = NONE;
  let experimental: RuleSelection = NONE;
  let error = false;
  for (const option of (text ?? '').split(';')) {
    if (option.trim() === '') continue;
    const [key = '', value] = splitOption(option);
    if (key === 'skip') skip = parseSelection(value);
    else if (key === 'experimental') experimental = parseSelection(value);
    else if (key === 'error') error = parseError(value, option);
    else throw invalid(key);
  }
  return { skip, error, experimental };
}

export function isSelected(selection: RuleSelection, name: string): boolean {
  return selection === 'all' || selection.has(name);
}

function splitOption(option: string): [key: string, value: string] {
  const equals = option.indexOf('=');
  if (equals < 0) throw invalid(option.trim());
  return [option.slice(0, equals).trim(), option.slice(equals + 1).trim()];
}

function parseSelection(value: string): RuleSelection {
  return value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));
}

function parseError(value: string, option: string): boolean {
  const error = parseBoolean(value);
  if (error !== undefined) return error;
  throw new DockerfileError(`failed to parse check option ${JSON.stringify(option.trim())}`, {
    hint: 'Write error=true or error=false.',
  });
}

function invalid(option: string): DockerfileError {
  return new DockerfileError(`invalid check option ${JSON.stringify(option)}${didYouMean(option, OPTIONS)}`, {
    hint: 'The options are skip, error and experimental, parted by semicolons.',
  });
}
