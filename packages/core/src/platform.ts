import { arch, platform as os } from 'node:process';
import { PlatformInvalidError } from './errors.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#platform-variants */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly 'os.version'?: string | undefined;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  x86_64: 'amd64',
  'x86-64': 'amd64',
  ia32: '386',
  i386: '386',
  aarch64: 'arm64',
  armhf: 'arm',
};
const SYSTEMS: ReadonlySet<string> = new Set(['linux', 'windows', 'darwin']);
const PART = /^[a-z0-9_][a-z0-9._-]*$/;

/**
 * Reads `os/arch[/variant]`, or `arch` alone for linux; spellings such as `x86_64` and `linux/arm64/v8` are normalised.
 * @throws {PlatformInvalidError}
 * @example parsePlatform('linux/arm64/v8') // { os: 'linux', architecture: 'arm64' }
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || !parts.every((part) => PART.test(part))) {
    throw new PlatformInvalidError(`Not a platform: ${JSON.stringify(text)}`, {
      hint: 'Write os/arch[/variant], as in linux/arm64.',
    });
  }
  const [first = '', architecture, variant] = parts;
  if (architecture !== undefined) return normalise(first, architecture, variant);
  return SYSTEMS.has(first) ? normalise(first, hostPlatform().architecture) : normalise('linux', first);
}

function normalise(osName: string, name: string, variant?: string): Platform {
  const architecture = ARCHITECTURES[name] ?? name;
  if (architecture === 'arm') return { os: osName, architecture, variant: variant ?? 'v7' };
  if (variant === undefined || (architecture === 'arm64' && variant === 'v8')) return { os: osName, architecture };
  return { os: osName, architecture, variant };
}

export function formatPlatform({ os: osName, architecture, variant }: Platform): string {
  return [osName, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

/** The platform that this machine runs natively. */
export function hostPlatform(): Platform {
  return { os: os === 'darwin' || os === 'win32' ? 'linux' : os, architecture: ARCHITECTURES[arch] ?? arch };
}

/** Returns the platform of a config or a descriptor. */
export function platformOf({ os: osName, architecture, variant, 'os.version': version }: Platform): Platform {
  return {
    os: osName,
    architecture,
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { 'os.version': version }),
  };
}

/** Whether an image for `offered` satisfies a request for `wanted`. */
export function platformMatches(offered: Platform, wanted: Platform): boolean {
  const a = normalise(offered.os, offered.architecture, offered.variant);
  const b = normalise(wanted.os, wanted.architecture, wanted.variant);
  return a.os === b.os && a.architecture === b.architecture && (a.variant ?? '') === (b.variant ?? '');
}
