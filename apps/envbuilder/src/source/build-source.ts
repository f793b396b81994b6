import type { ImagePlan } from '../images/images.ts';
import type { WorkspaceOptions } from '../options/option-table.ts';

/** Where a source looks. */
export interface SourcePlace {
  readonly options: WorkspaceOptions;
  /** The absolute path of the checkout. */
  readonly repository: string;
}

/** The image that a source found, and additions to its environment. */
export interface FoundSource {
  readonly plan: ImagePlan;
  /** Wins over the image's USER. */
  readonly user?: string | undefined;
  /** Added to the environment of init. Wins over the image. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Runs before init. A failure is logged, and does not stop init. */
  readonly lifecycle?: Lifecycle | undefined;
}

/** A way to describe an environment: a Dockerfile, a dev container. */
export interface BuildSource {
  /** For messages. */
  readonly name: string;
  /** @returns `undefined` if the repository has no such description @throws {SourceInvalidError} */
  find(place: SourcePlace): Promise<FoundSource | undefined>;
}

/** Commands between the build and init. */
export interface Lifecycle {
  run(context: LifecycleContext): Promise<void>;
}

export interface LifecycleContext {
  readonly isFirstStart: boolean;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
}
