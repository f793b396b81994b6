import type { CallOptions, Reference } from '@shale/core';

export interface PasswordCredentials {
  readonly type: 'password';
  readonly username: string;
  readonly password: string;
  readonly origin: string;
}

/** A refresh token, exchanged at the registry's realm for short-lived ones. */
export interface IdentityTokenCredentials {
  readonly type: 'identity-token';
  readonly token: string;
  readonly origin: string;
}

/** A token that is sent to the registry unchanged. */
export interface RegistryTokenCredentials {
  readonly type: 'registry-token';
  readonly token: string;
  readonly origin: string;
}

/** `origin` names the source in error messages: `/home/me/.docker/config.json`, `docker-credential-ecr-login`. */
export type Credentials = PasswordCredentials | IdentityTokenCredentials | RegistryTokenCredentials;

/** Finds credentials for a registry. */
export interface Keychain {
  /**
   * `undefined` means anonymous.
   * @throws {CredentialsInvalidError} when a source is there but cannot be read.
   */
  resolve(target: Pick<Reference, 'registry' | 'repository'>, options?: CallOptions): Promise<Credentials | undefined>;
}

/** Asks keychains in order, until one has credentials for the registry. */
export function keychains(...list: readonly Keychain[]): Keychain {
  return {
    async resolve(target, options) {
      for (const keychain of list) {
        const found = await keychain.resolve(target, options);
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** One user for one registry host, as in `127.0.0.1:5000`. */
export function staticKeychain(
  registry: string,
  { username, password, origin = 'the options' }: { username: string; password: string; origin?: string | undefined },
): Keychain {
  return {
    resolve: async (target) =>
      target.registry === registry ? { type: 'password', username, password, origin } : undefined,
  };
}
