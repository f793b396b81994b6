import type { BuildOptions } from '@shale/builder';
import { type CallOptions, type ImageSource, Resources } from '@shale/core';
import type { Environment } from '../environment.ts';
import { openSource } from './open-source.ts';
import type { ContextLocation, DockerfileLocation, NamedContextLocation } from './location.ts';
import { openNamedContexts } from './named-contexts.ts';

export interface SourceSettings extends CallOptions {
  readonly context: ContextLocation;
  /** @default Dockerfile, then dockerfile, in the context */
  readonly dockerfile?: DockerfileLocation | undefined;
  /** Further contexts by the names that FROM, `--from` and mounts use. @default none */
  readonly namedContexts?: Readonly<Record<string, NamedContextLocation>> | undefined;
  /** Absolute path of the folder that remembers digests of unchanged files. @default nothing is remembered */
  readonly stateDir?: string | undefined;
  /** Among them credentials for git. @default none */
  readonly secrets?: BuildOptions['secrets'];
  /** Whether contexts from git keep their `.git`. @default false */
  readonly keepGitDirectory?: boolean | undefined;
  /** Variables of the process; git sees some of them. @default none */
  readonly env?: Environment | undefined;
  /** Make no network call. @default false */
  readonly offline?: boolean | undefined;
}

/** What a build starts from. Disposing it removes what was unpacked or cloned. */
export interface BuildSources
  extends AsyncDisposable,
    Required<Pick<BuildOptions, 'dockerfile' | 'context' | 'namedContexts'>> {
  readonly namedContexts: NonNullable<BuildOptions['namedContexts']>;
  /** Finds the images of named contexts. Comes before all other sources of images. */
  readonly images: readonly ImageSource[];
}

/** @throws {ContextInvalidError} @throws {GitFailedError} */
export async function openSources(settings: SourceSettings): Promise<BuildSources> {
  await using resources = new Resources();
  const named = resources.use(await openNamedContexts(settings.namedContexts ?? {}, settings));
  const { context, dockerfile } = await openSource(settings);
  resources.use(context);
  const opened = resources.move();
  return {
    context,
    dockerfile,
    namedContexts: named.contexts,
    images: named.images,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
