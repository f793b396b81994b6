import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandOptions } from '../src/command.ts';

/** `case.json`: everything is optional. */
interface CaseFile {
  /** Build arguments. */
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
  /**
   * More flags that docker and shale share, as in `["--label", "a=b"]`. In them and in `args`, `{case}` is the case's own
   * folder, `{NAME}` one of `folders`, `{base}` the layout of the base image.
   */
  readonly flags?: readonly string[];
  /** More folders of the case. They are laid out like `context`. A web server serves the one named `served` at `{server}`. */
  readonly folders?: readonly string[];
  /** Whether the Dockerfile comes from standard input. @default false */
  readonly stdin?: boolean;
  /** A regular expression, without regard to case, that shale's message must match. The build must fail. */
  readonly expectError?: string;
  /** The source of the golden. `reference`: it was reviewed by hand, because BuildKit's result differs. @default buildkit */
  readonly oracle?: 'buildkit' | 'reference';
  /** Why the reference decides, or what is special. */
  readonly note?: string;
}

/** One Dockerfile and its expected result. */
export interface ConformanceCase extends Required<Pick<CaseFile, 'args' | 'flags' | 'folders' | 'stdin' | 'oracle'>> {
  readonly name: string;
  readonly directory: string;
  readonly dockerfile: string;
  readonly target: string | undefined;
  readonly expectError: RegExp | undefined;
  readonly note: string | undefined;
}

export const casesDirectory: string = join(import.meta.dirname, 'cases');

/** The cases that the words name, or whose names contain one; all of them without any. */
export function loadCases(words: readonly string[] = []): ConformanceCase[] {
  const names = readdirSync(casesDirectory).toSorted();
  const wanted = names.filter(
    (name) => words.length === 0 || words.some((word) => (names.includes(word) ? name === word : name.includes(word))),
  );
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
    flags: file.flags ?? [],
    folders: file.folders ?? [],
    stdin: file.stdin ?? false,
    expectError: file.expectError === undefined ? undefined : new RegExp(file.expectError, 'i'),
    oracle: file.oracle ?? 'buildkit',
    note: file.note,
  };
}

/** The flags that both builders understand. */
export function buildFlags({ dockerfile, args, target, flags, stdin }: ConformanceCase): string[] {
  const buildArgs = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const file = stdin ? '-' : dockerfile;
  return ['--file', file, ...(target === undefined ? [] : ['--target', target]), ...buildArgs, ...flags];
}

/** The standard input of both builders. */
export function buildInput({ dockerfile, stdin }: ConformanceCase): CommandOptions {
  return stdin ? { input: readFileSync(dockerfile) } : {};
}
