import type { UntrustedReason } from '@shale/cache';

const REASONS: Readonly<Record<UntrustedReason, string>> = {
  unsigned: 'it is not signed',
  'unknown-signer': 'it is signed by somebody who is not trusted',
  'bad-signature': 'its signature is wrong',
  'other-key': 'it belongs to another step',
  'other-scope': 'it belongs to another scope',
};

/** What is wrong with an entry of a cache, in a few words. */
export function describeUntrusted(reason: UntrustedReason): string {
  return REASONS[reason];
}
