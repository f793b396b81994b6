import type { SourceRange } from '../position.ts';
import type { LintSubject } from './subject.ts';

/** A build check: what it is called, and how it looks at a Dockerfile. Each has a page in `docs/`. */
export interface LintRule {
  /** As in `# check=skip=<name>`. */
  readonly name: string;
  readonly description: string;
  readonly url: string;
  /** Runs only when `# check=experimental=<name>` asks for it. */
  readonly experimental: boolean;
  readonly check: (subject: LintSubject) => Iterable<Violation>;
}

export interface Violation {
  readonly message: string;
  readonly range: SourceRange;
}

/** Where Docker explains its rule of this name. */
export function ruleUrl(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1-$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2');
  return `https://docs.docker.com/go/dockerfile/rule/${words.toLowerCase()}/`;
}
