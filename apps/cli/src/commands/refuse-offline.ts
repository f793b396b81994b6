import { UsageError } from '../errors/usage-error.ts';

/** For what cannot be done without a registry. @throws {UsageError} */
export function refuseOffline({ offline }: { readonly offline: boolean }, what: string): void {
  if (offline) throw new UsageError(`--offline allows no network call, and ${what} needs one`);
}
