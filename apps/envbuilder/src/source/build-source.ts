import type { ImagePlan } from '../images/images.ts';
import type { WorkspaceOptions } from '../options/option-table.ts';

/** Where a source looks. */
export interface SourcePlace {
  readonly options: WorkspaceOptions;
  /** Absolute: the checkout that is built. */
  readonly repository: string;
}

/** What a source found: the image, and what its environment is besides. */
export interface FoundSource {
  readonly plan: ImagePlan;
  /** Wins over the image's USER. */
  readonly user?: string | undefined;
  /** Added to the environment of init, over the image's. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Run before init, in the finished environment. A failure is logged and does not stop init. */
  readonly lifecycle?: Lifecycle | undefined;
}

/** One way to describe an environment: a Dockerfile, a dev container. The first that finds something counts. */
export interface BuildSource {
  /** For messages. */
  readonly name: string;
  /** `undefined` where the repository has nothing for it. @throws {SourceInvalidError} */
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
