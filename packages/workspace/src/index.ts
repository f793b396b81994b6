export type { ReplaceRootOptions, RootReplacement } from './root-replacement.ts';
