/** Says why a step of a build was not in the cache. @module */
export { describeUntrusted } from './describe-untrusted.ts';
export { earlierEntries, type EarlierEntriesOptions } from './earlier-entries.ts';
export { explainMissed, explainProbe, type ExplainProbeOptions } from './explain-missed.ts';
export { type EarlierStep, explainSteps, type Evidence, type StepExplanation } from './explain-steps.ts';
export type { ExplainedStep } from './explained-step.ts';
export { type ExplainedBuild, explainLastBuild } from './last-build.ts';
