import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `case.json`: everything is optional. */
interface CaseFile {
  /** Build arguments. */
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
  /** More flags that docker and shale share, as in `["--label", "a=b"]`. `{case}` is the case's own folder. */
  readonly flags?: readonly string[];
  /** A regular expression, without regard to case, that shale's message must match. The build must fail. */
  readonly expectError?: string;
  /** Who says what is right. `reference`: the golden was reviewed by hand, as docker 20.10 knows less or does other things. @default buildkit */
  readonly oracle?: 'buildkit' | 'reference';
  /** Why the reference rules, or what is special. */
  readonly note?: string;
}

/** One Dockerfile with what it must become. */
export interface ConformanceCase extends Required<Pick<CaseFile, 'args' | 'flags' | 'oracle'>> {
  readonly name: string;
  readonly directory: string;
  readonly dockerfile: string;
  readonly target: string | undefined;
  readonly expectError: RegExp | undefined;
  readonly note: string | undefined;
}

export const casesDirectory: string = join(import.meta.dirname, 'cases');

/** The cases whose name contains one of the words; all of them without any. */
export function loadCases(words: readonly string[] = []): ConformanceCase[] {
  const names = readdirSync(casesDirectory).toSorted();
  const wanted = names.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  return wanted.map((name) => loadCase(name));
}

function loadCase(name: string): ConformanceCase {
  const directory = join(casesDirectory, name);
  const path = join(directory, 'case.json');
  const file = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as CaseFile) : {};
  return {
    name,
    directory,
    dockerfile: join(directory, 'Dockerfile'),
    args: file.args ?? {},
    target: file.target,
    flags: (file.flags ?? []).map((flag) => flag.replaceAll('{case}', directory)),
    expectError: file.expectError === undefined ? undefined : new RegExp(file.expectError, 'i'),
    oracle: file.oracle ?? 'buildkit',
    note: file.note,
  };
}

/** The flags that both builders understand. */
export function buildFlags({ dockerfile, args, target, flags }: ConformanceCase): string[] {
  const buildArgs = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  return ['--file', dockerfile, ...(target === undefined ? [] : ['--target', target]), ...buildArgs, ...flags];
}
