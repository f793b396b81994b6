import type { MetadataEntry } from './metadata-entry.ts';

export interface DevcontainerUsers {
  /** Runs the container's first process, entrypoints among them. */
  readonly containerUser: string;
  /** Runs lifecycle commands, terminals and editors. */
  readonly remoteUser: string;
}

export interface ImageUser {
  /** USER of the image, or of the Dockerfile's stage. */
  readonly imageUser?: string | undefined;
  /** `user` of the compose service. */
  readonly composeUser?: string | undefined;
}

/** Who runs what: the last entry that says so, then the compose service, then the image, then root. */
export function devcontainerUsers(entries: readonly MetadataEntry[], image: ImageUser = {}): DevcontainerUsers {
  const containerUser =
    entries.findLast((entry) => entry.containerUser)?.containerUser || image.composeUser || image.imageUser || 'root';
  return { containerUser, remoteUser: entries.findLast((entry) => entry.remoteUser)?.remoteUser || containerUser };
}
