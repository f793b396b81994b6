import type { SourceRange } from './position.ts';

/** A here-document: the lines that follow an instruction up to the delimiter. */
export interface Heredoc {
  /** The delimiter without quotes. It is the file's name for COPY and ADD. */
  readonly name: string;
  /** The file descriptor before `<<`, if there is one. */
  readonly fd: number | undefined;
  /** `false` when any part of the delimiter was quoted. */
  readonly expand: boolean;
  /** With `<<-`, leading tabs were stripped from `content`. */
  readonly chomp: boolean;
  /** Ends with a newline unless it is empty. */
  readonly content: string;
}

/** The command of RUN, CMD, ENTRYPOINT and HEALTHCHECK. */
export type Command =
  | { readonly form: 'shell'; readonly text: string }
  | { readonly form: 'exec'; readonly args: readonly string[] };

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

interface Common {
  readonly range: SourceRange;
  /** The text as written, with continuation lines joined, and without comments and heredoc bodies. */
  readonly source: string;
  /** The comment lines directly above, without `#`; absent when there are none. */
  readonly comments?: readonly string[] | undefined;
}

export interface FromInstruction extends Common {
  readonly keyword: 'FROM';
  readonly image: string;
  readonly platform: string | undefined;
  /** The name as written. Stage names are compared in lower case. */
  readonly as: string | undefined;
}

export interface ArgInstruction extends Common {
  readonly keyword: 'ARG';
  readonly args: readonly { readonly key: string; readonly value: string | undefined }[];
}

export interface EnvInstruction extends Common {
  readonly keyword: 'ENV';
  /** The words contain their quotes, which expansion removes. */
  readonly pairs: readonly KeyValue[];
  /** Written as `ENV key rest of line`. */
  readonly legacy: boolean;
}

export interface LabelInstruction extends Common {
  readonly keyword: 'LABEL';
  /** The words contain their quotes, which expansion removes. */
  readonly pairs: readonly KeyValue[];
  /** Written as `LABEL key rest of line`. */
  readonly legacy: boolean;
}

export interface RunInstruction extends Common {
  readonly keyword: 'RUN';
  /** The text of the first line. The bodies of here-documents are in `heredocs`. */
  readonly command: Command;
  readonly heredocs: readonly Heredoc[];
  /** The text of each `--mount` value. Expand its variables first, then call `parseMount`. */
  readonly mounts: readonly string[];
  readonly network: string | undefined;
  readonly security: string | undefined;
  readonly devices: readonly string[];
}

interface CopyLike extends Common {
  readonly sources: readonly string[];
  readonly destination: string;
  /** Inline sources, which follow `sources`. */
  readonly heredocs: readonly Heredoc[];
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends CopyLike {
  readonly keyword: 'COPY';
  readonly from: string | undefined;
  readonly parents: boolean;
}

export interface AddInstruction extends CopyLike {
  readonly keyword: 'ADD';
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  readonly unpack: boolean | undefined;
}

export interface CmdInstruction extends Common {
  readonly keyword: 'CMD';
  readonly command: Command;
}

export interface EntrypointInstruction extends Common {
  readonly keyword: 'ENTRYPOINT';
  readonly command: Command;
}

export interface WorkdirInstruction extends Common {
  readonly keyword: 'WORKDIR';
  readonly path: string;
}

export interface UserInstruction extends Common {
  readonly keyword: 'USER';
  readonly user: string;
}

export interface VolumeInstruction extends Common {
  readonly keyword: 'VOLUME';
  readonly paths: readonly string[];
}

export interface ExposeInstruction extends Common {
  readonly keyword: 'EXPOSE';
  readonly ports: readonly string[];
}

export interface StopsignalInstruction extends Common {
  readonly keyword: 'STOPSIGNAL';
  readonly signal: string;
}

export interface HealthcheckInstruction extends Common {
  readonly keyword: 'HEALTHCHECK';
  /** `undefined` for `HEALTHCHECK NONE`. */
  readonly command: Command | undefined;
  /** Durations in nanoseconds. 0 inherits the value of the base image. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

export interface ShellInstruction extends Common {
  readonly keyword: 'SHELL';
  readonly args: readonly string[];
}

export interface OnbuildInstruction extends Common {
  readonly keyword: 'ONBUILD';
  /** The text after ONBUILD with heredoc bodies, for `config.OnBuild`. */
  readonly trigger: string;
  readonly instruction: Instruction;
}

export interface MaintainerInstruction extends Common {
  readonly keyword: 'MAINTAINER';
  readonly name: string;
}

export type Instruction =
  | FromInstruction
  | ArgInstruction
  | EnvInstruction
  | LabelInstruction
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | CmdInstruction
  | EntrypointInstruction
  | WorkdirInstruction
  | UserInstruction
  | VolumeInstruction
  | ExposeInstruction
  | StopsignalInstruction
  | HealthcheckInstruction
  | ShellInstruction
  | OnbuildInstruction
  | MaintainerInstruction;

export type Keyword = Instruction['keyword'];
