export { dockerConfigKeychain, type DockerConfigKeychainOptions } from './docker-config.ts';
export type { ProxyOptions } from './transport.ts';
export {
  type Credentials,
  type IdentityTokenCredentials,
  type Keychain,
  keychains,
  type PasswordCredentials,
  type RegistryTokenCredentials,
  staticKeychain,
} from './keychain.ts';
export { createRegistryClient, type RegistryClient, type RegistryClientOptions } from './registry-client.ts';
export {
  AuthRealmRefusedError,
  CredentialsInvalidError,
  type RegistryAnswer,
  type RegistryCall,
  RegistryRefusedError,
  type RegistryReply,
  RegistryUnreachableError,
} from './registry-error.ts';
export { registrySource } from './registry-source.ts';
export type { Repository } from './repository.ts';
export type { RetryPolicy } from './retry.ts';
