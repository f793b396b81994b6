import type { Scalar, UserEnvProbe } from '../configuration/configuration.ts';

type Environment = Readonly<Record<string, string>>;

const SHELL_FLAGS: Readonly<Record<Exclude<UserEnvProbe, 'none'>, string>> = {
  loginInteractiveShell: '-lic',
  loginShell: '-lc',
  interactiveShell: '-ic',
};

export interface EnvironmentProbe {
  /** Run as the remote user. A probe that takes longer than ten seconds waits for input: go on without it. */
  readonly argv: readonly string[];
  /** Reads what the program printed; `undefined` where the shell printed no environment. */
  readonly parse: (stdout: string) => Environment | undefined;
}

export interface EnvironmentProbeOptions {
  /** Absolute path of the remote user's shell. */
  readonly shell: string;
  /** A text that no start-up file prints: what stands between two of it is the environment. */
  readonly mark: string;
}

/**
 * How to learn the environment that the remote user's shell sets up. Try the next where one finds nothing.
 * @returns Nothing for `none`.
 */
export function environmentProbes(
  probe: UserEnvProbe = 'loginInteractiveShell',
  { shell, mark }: EnvironmentProbeOptions,
): readonly EnvironmentProbe[] {
  if (probe === 'none') return [];
  const flags = /\/pwsh(-preview)?$/.test(shell)
    ? [...(probe === 'interactiveShell' ? [] : ['-Login']), '-Command']
    : [SHELL_FLAGS[probe]];
  return [
    ['cat /proc/self/environ', '\0'],
    ['printenv', '\n'],
  ].map(([command = '', separator = '']) => ({
    argv: [shell, ...flags, `echo -n ${mark}; ${command}; echo -n ${mark}`],
    parse(stdout) {
      const printed = stdout.split(mark)[1];
      return printed ? parseVariables(printed.split(separator)) : undefined;
    },
  }));
}

function parseVariables(lines: readonly string[]): Environment {
  const pairs = lines.filter((line) => line.includes('=')).map((line) => splitAt(line, line.indexOf('=')));
  return Object.fromEntries(pairs.filter(([name]) => name !== 'PWD'));
}

function splitAt(text: string, index: number): readonly [string, string] {
  return [text.slice(0, index), text.slice(index + 1)];
}

export interface RemoteEnvironmentParts {
  readonly containerEnv: Environment;
  /** What the shell set up. */
  readonly probed: Environment;
  /** Of the merged configuration; `null` takes a variable away. */
  readonly remoteEnv: Readonly<Record<string, Scalar | null>>;
  readonly secrets?: Environment | undefined;
  /** Root keeps the folders of system programs. */
  readonly isRoot: boolean;
}

/** The environment of lifecycle commands. */
export function remoteEnvironment(parts: RemoteEnvironmentParts): Environment {
  const { containerEnv, probed, remoteEnv, secrets = {}, isRoot } = parts;
  const path =
    probed['PATH'] && containerEnv['PATH'] ? { PATH: mergePaths(probed['PATH'], containerEnv['PATH'], isRoot) } : {};
  const all: Readonly<Record<string, Scalar | null>> = {
    ...containerEnv,
    ...probed,
    ...path,
    ...remoteEnv,
    ...secrets,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
  );
}

/** Start-up files often set PATH anew: what the container has and they forget goes back in, where it was. */
function mergePaths(shellPath: string, containerPath: string, isRoot: boolean): string {
  const merged = shellPath.split(':');
  let at = 0;
  for (const folder of containerPath.split(':')) {
    const found = merged.indexOf(folder);
    if (found !== -1) at = found + 1;
    else if (isRoot || !/\/sbin(\/|$)/.test(folder)) merged.splice(at++, 0, folder);
  }
  return merged.join(':');
}
