export { type ModeChange, parseChmod } from './chmod.ts';
export { cleanPath } from './clean-path.ts';
export { type Directives, detectSyntax, type Escape } from './directive.ts';
export { DockerfileError, type DockerfileErrorOptions, excerpt } from './dockerfile-error.ts';
export { expandHeredoc, type Expanded, type ExpandOptions, expandWord, expandWords } from './expand.ts';
export type { Lookup } from './expansion.ts';
export { parseExposePorts } from './expose-port.ts';
export { compileGlob, globMatch, hasWildcard, unescapePattern } from './glob.ts';
export { parseIgnoreFile } from './ignore-file.ts';
export { type IgnoreMatcher, ignoreMatcher } from './ignore-matcher.ts';
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
export { reachableStages, type ReachableOptions } from './lint/reachable-stages.ts';
export { type Owner, type OwnerName, parseOwner } from './owner.ts';
export { type Dockerfile, parseDockerfile, type ParseOptions, type ParseWarning, type Stage } from './parse.ts';
export { instructionFlags, parseInstruction } from './parse-instruction.ts';
export type { SourceRange } from './position.ts';
export { printDockerfile } from './print.ts';
export { parseSignal } from './stop-signal.ts';
export { didYouMean, suggest } from './suggest.ts';
