import { placed } from '../dockerfile-error.ts';
import type { Instruction } from '../instruction.ts';
import type { Dockerfile } from '../parse.ts';
import type { SourceRange } from '../position.ts';
import { type CheckOptions, isSelected, parseCheckOptions, type RuleSelection } from './check-options.ts';
import type { LintOptions } from './lint-options.ts';
import { lintRules } from './rules.ts';
import { createSubject } from './subject.ts';

/** A finding of a build check. */
export interface Finding {
  /** The name of the rule. */
  readonly rule: string;
  /** The description of the rule. */
  readonly description: string;
  readonly url: string;
  /** What is wrong in this place. */
  readonly message: string;
  readonly range: SourceRange;
}

/**
 * Runs the build checks that the file does not skip. Nothing is executed or fetched.
 * @returns findings in the order of their lines.
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

/** There are findings, and the file asks to treat them as errors. */
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

/** The `# check=skip=…` comments directly above instructions, by the first line of the instruction. */
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
