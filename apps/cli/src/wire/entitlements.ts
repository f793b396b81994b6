import { suggest } from '@shale/dockerfile-parser';
import type { Entitlement } from '@shale/builder';
import { UsageError } from '../errors/usage-error.ts';

const ENTITLEMENTS: readonly Entitlement[] = ['network.host', 'security.insecure'];

/** Reads `--allow`. @throws {UsageError} */
export function parseEntitlements(texts: readonly string[]): readonly Entitlement[] {
  return texts.flatMap((text) => text.split(',')).map(parseEntitlement);
}

function parseEntitlement(text: string): Entitlement {
  const found = ENTITLEMENTS.find((name) => name === text);
  if (found !== undefined) return found;
  const near = suggest(text, ENTITLEMENTS);
  throw new UsageError(`--allow knows no entitlement ${JSON.stringify(text)}`, {
    hint: near === undefined ? `It is one of ${ENTITLEMENTS.join(', ')}.` : `Did you mean ${near}?`,
  });
}
