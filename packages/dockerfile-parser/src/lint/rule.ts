import type { SourceRange } from '../position.ts';
import type { LintSubject } from './subject.ts';

/** A build check: its name, and a function that checks a Dockerfile. Each has a page in `docs/`. */
export interface LintRule {
  /** The name in `# check=skip=<name>`. */
  readonly name: string;
  readonly description: string;
  readonly url: string;
  /** Whether it runs only with `# check=experimental=<name>`. */
  readonly experimental: boolean;
  readonly check: (subject: LintSubject) => Iterable<Violation>;
}

export interface Violation {
  readonly message: string;
  readonly range: SourceRange;
}

/** The page about Docker's rule of this name. */
export function ruleUrl(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1-$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2');
  return `https://docs.docker.com/go/dockerfile/rule/${words.toLowerCase()}/`;
}
