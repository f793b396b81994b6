/** Finds out why a step missed, from the traces of earlier builds. @module */
export { type BuildTrails, buildTrails, type LastBuild, type TrailEntry, type TrailStep } from './build-trails.ts';
export { type EarlierInputs, explain, explainMiss, type MissEvidence, type MissExplanation } from './explain.ts';
export { type Change, FILE_CONTENT_DIGITS, type MissCause } from './miss-cause.ts';
