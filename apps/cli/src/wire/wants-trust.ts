import type { cacheOptions } from '../options/cache.ts';
import type { OptionValues } from '../options/option.ts';

export type TrustOptions = Pick<
  OptionValues<typeof cacheOptions>,
  'cacheSignKey' | 'cacheTrustKey' | 'cacheScope' | 'cacheTrustedScope'
>;

/** Whether keys or scopes were named; otherwise the code that reads them is not loaded. */
export function wantsTrust({ cacheSignKey, cacheTrustKey, cacheScope, cacheTrustedScope }: TrustOptions): boolean {
  const isNamed = cacheSignKey !== undefined || cacheScope !== undefined;
  return isNamed || cacheTrustKey.length > 0 || cacheTrustedScope.length > 0;
}
