import type { FileTree } from '../src/file-tree.ts';
import type { ConformanceCase } from './case.ts';
import type { RawConfig } from './observation.ts';

/** The result of a case: an image, or the text of an error. */
export type BuildOutcome =
  | { readonly type: 'image'; readonly tree: FileTree; readonly config: RawConfig }
  | { readonly type: 'error'; readonly message: string };

/** Builds cases with one builder. */
export interface CaseBuilder extends AsyncDisposable {
  readonly name: string;
  /** `scratch` is empty. The caller removes it. */
  build(conformanceCase: ConformanceCase, context: string, scratch: string): Promise<BuildOutcome>;
}
