export { type CheckOptions, parseCheckOptions, type RuleSelection } from './check-options.ts';
export { failOnFindings, type Finding, lint, LintViolationError } from './lint.ts';
export type { BaseImage, LintOptions } from './lint-options.ts';
export type { LintRule, Violation } from './rule.ts';
export { lintRules } from './rules.ts';
export type { LintStage, LintSubject } from './subject.ts';
export type { Variables } from './variables.ts';
export type { LintStep } from './walk-stage.ts';
