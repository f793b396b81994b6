import type { Platform } from '@shale/core';
import { formatPlatform } from '@shale/core';

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
const HIDDEN: ReadonlySet<string> = new Set([...PROXIES, ...PROXIES.map((name) => name.toLowerCase())]);

/** Proxy settings reach RUN without an ARG. They are part of keys and history only if an ARG declares them. */
export function hiddenArgs(buildArgs: Readonly<Record<string, string>>, declared: ReadonlySet<string>): string[] {
  return Object.entries(buildArgs).flatMap(([key, value]) =>
    HIDDEN.has(key) && !declared.has(key) ? [`${key}=${value}`] : [],
  );
}

/**
 * The ARGs that are predefined before the first FROM.
 * @see https://github.com/moby/buildkit/blob/v0.21.0/frontend/dockerfile/docs/reference.md#automatic-platform-args-in-the-global-scope
 */
export function platformArgs(target: Platform, build: Platform, targetStage: string): Map<string, string> {
  const describe = (prefix: string, platform: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, platform['os.version'] ?? ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
  return new Map([...describe('TARGET', target), ...describe('BUILD', build), ['TARGETSTAGE', targetStage]]);
}
