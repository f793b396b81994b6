import type { Readable } from 'node:stream';
import type { Reference } from '@shale/core';

/** Where the files for COPY and ADD are. */
export type ContextLocation =
  | DirectoryLocation
  | GitLocation
  /** A tar archive, compressed or not. */
  | { readonly kind: 'archive'; readonly path: string }
  /** A tar archive, compressed or not, or a Dockerfile that needs no context. */
  | { readonly kind: 'stream'; readonly open: () => Readable };

/** What the name of a further context stands for. */
export type NamedContextLocation =
  | DirectoryLocation
  | GitLocation
  | { readonly kind: 'image'; readonly reference: Reference }
  /** An image in an OCI image layout. */
  | LayoutLocation;

export interface DirectoryLocation {
  readonly kind: 'directory';
  /** Absolute. */
  readonly path: string;
  /** What messages call it. @default path */
  readonly name?: string | undefined;
}

export interface GitLocation {
  readonly kind: 'git';
  /** @see parseGitSource */
  readonly url: string;
}

export interface LayoutLocation {
  readonly kind: 'layout';
  /** Absolute path of the layout. */
  readonly path: string;
  /** Tag or digest. @default the only image */
  readonly target?: string | undefined;
}

export type DockerfileLocation =
  /** Absolute, or relative to the context. */
  | {
      readonly kind: 'file';
      readonly path: string;
      /** What messages call it. @default path */
      readonly name?: string | undefined;
    }
  | { readonly kind: 'stream'; readonly open: () => Readable };
