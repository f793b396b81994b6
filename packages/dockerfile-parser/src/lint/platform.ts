/** A platform, as far as checks need it. */
export interface LintPlatform {
  readonly os: string;
  readonly architecture: string;
}

const OSES: ReadonlySet<string> = new Set([
  'linux',
  'windows',
  'darwin',
  'freebsd',
  'netbsd',
  'openbsd',
  'solaris',
  'wasip1',
]);
const ARCHITECTURES: ReadonlySet<string> = new Set(
  'amd64 arm64 arm 386 ppc64le ppc64 s390x riscv64 mips64 mips64le mips mipsle loong64 wasm'.split(' '),
);
const ALIASES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  armhf: 'arm',
  armel: 'arm',
  i386: '386',
  macos: 'darwin',
};

/** Reads `os`, `architecture`, or `os/architecture` with an optional variant. @returns `undefined` for anything else. */
export function parsePlatform(text: string): LintPlatform | undefined {
  const parts = text
    .toLowerCase()
    .split('/')
    .map((part) => (Object.hasOwn(ALIASES, part) ? (ALIASES[part] ?? part) : part));
  const [first = '', second] = parts;
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) return undefined;
  if (second !== undefined) return { os: first, architecture: second };
  if (OSES.has(first)) return { os: first, architecture: 'amd64' };
  return ARCHITECTURES.has(first) ? { os: 'linux', architecture: first } : undefined;
}
