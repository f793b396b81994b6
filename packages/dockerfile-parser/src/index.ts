export { type ModeChange, parseChmod } from './chmod.ts';
export type { Directives, Escape } from './directive.ts';
export { DockerfileError, type DockerfileErrorOptions, excerpt } from './dockerfile-error.ts';
export { expandHeredoc, type Expanded, type ExpandOptions, expandWord, expandWords, type Lookup } from './expand.ts';
export { parseExposePorts } from './expose-port.ts';
export { globMatch, hasWildcard, unescapePattern } from './glob-match.ts';
export { cleanPath, type IgnoreMatcher, ignoreMatcher, parseIgnoreFile } from './ignore.ts';
export type * from './instruction.ts';
export {
  type BindMount,
  type CacheMount,
  type Mount,
  parseMount,
  type ParseMountOptions,
  type SecretMount,
  type SshMount,
  type TmpfsMount,
} from './mount.ts';
export { type Dockerfile, parseDockerfile, type ParseOptions, type Stage } from './parse.ts';
export { parseInstruction } from './parse-instruction.ts';
export type { SourceRange } from './position.ts';
export { parseSignal } from './stop-signal.ts';
export { suggest } from './suggest.ts';
