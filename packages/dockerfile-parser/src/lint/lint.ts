import { placed } from '../dockerfile-error.ts';
import type { Instruction } from '../instruction.ts';
import type { Dockerfile } from '../parse.ts';
import type { SourceRange } from '../position.ts';
import { type CheckOptions, isSelected, parseCheckOptions, type RuleSelection } from './check-options.ts';
import type { LintOptions } from './lint-options.ts';
import { lintRules } from './rules.ts';
import { createSubject } from './subject.ts';

/** What a build check has to say about a place. */
export interface Finding {
  /** The rule's name. */
  readonly rule: string;
  /** What the rule is about. */
  readonly description: string;
  readonly url: string;
  /** What is wrong here. */
  readonly message: string;
  readonly range: SourceRange;
}

/**
 * Runs the build checks that the file does not skip. Nothing is executed or fetched.
 * @returns Findings in the order of their lines.
 * @throws {DockerfileError} when `# check=` cannot be read.
 * @example
 * const [finding] = lint(parseDockerfile('FROM busybox\nCMD echo hi\n'));
 * finding.rule; // 'JSONArgsRecommended'
 */
export function lint(dockerfile: Dockerfile, options: LintOptions = {}): Finding[] {
  const check = checkOptionsOf(dockerfile, options);
  const skippedAt = skippedByComment(dockerfile);
  const subject = createSubject(dockerfile, options);
  const rules = lintRules.filter(
    ({ name, experimental }) =>
      !isSelected(check.skip, name) && (!experimental || isSelected(check.experimental, name)),
  );
  const findings = rules.flatMap(({ name, description, url, check: look }) =>
    [...look(subject)]
      .filter(({ range }) => !isSelected(skippedAt.get(range.startLine) ?? NOTHING, name))
      .map(({ message, range }) => ({ rule: name, description, url, message, range })),
  );
  return findings.toSorted((a, b) => a.range.startLine - b.range.startLine);
}

/** The file asks for its findings to be errors. */
export class LintViolationError extends Error {
  readonly code = 'LINT_VIOLATION';
  readonly hint = 'Mend them, skip them with # check=skip=<rule>, or remove error=true.';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(`lint violation found for rules: ${[...new Set(findings.map(({ rule }) => rule))].join(', ')}`);
    this.name = 'LintViolationError';
    this.findings = findings;
  }
}

/** @throws {LintViolationError} when there are findings and `# check=error=true`. */
export function failOnFindings(
  dockerfile: Dockerfile,
  findings: readonly Finding[],
  options: Pick<LintOptions, 'check'> = {},
): void {
  if (findings.length > 0 && checkOptionsOf(dockerfile, options).error) throw new LintViolationError(findings);
}

const NOTHING: ReadonlySet<string> = new Set();

function checkOptionsOf({ directives }: Dockerfile, { check }: Pick<LintOptions, 'check'>): CheckOptions {
  const { checkRange } = directives;
  if (check !== undefined || checkRange === undefined) return parseCheckOptions(check);
  return placed(
    () => checkRange,
    () => parseCheckOptions(directives.check),
  );
}

/** `# check=skip=…` directly above an instruction, by the line that it begins at. */
function skippedByComment({ metaArgs, stages }: Dockerfile): ReadonlyMap<number, RuleSelection> {
  const instructions: Instruction[] = [...metaArgs, ...stages.flatMap(({ from, instructions: own }) => [from, ...own])];
  const skipped = new Map<number, RuleSelection>();
  for (const { comments = [], range } of instructions) {
    for (const comment of comments) {
      const [, options] = /^check\s*=(.*)$/is.exec(comment) ?? [];
      if (options !== undefined)
        skipped.set(
          range.startLine,
          placed(
            () => range,
            () => parseCheckOptions(options),
          ).skip,
        );
    }
  }
  return skipped;
}
