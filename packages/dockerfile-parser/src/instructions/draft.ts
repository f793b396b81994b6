import type { Escape } from '../directive.ts';
import { DockerfileError } from '../dockerfile-error.ts';
import type { ParsedFlags } from '../flags.ts';
import type { Heredoc } from '../instruction.ts';
import type { LogicalLine } from '../logical-line.ts';

/** The input for parsing an instruction. */
export interface Draft {
  readonly line: LogicalLine;
  readonly escape: Escape;
  readonly flags: ParsedFlags;
  /** The text after keyword and flags. */
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
}

/** The fields of an instruction that others do not have. */
export type Fields<Instruction> = Omit<Instruction, 'keyword' | 'range' | 'source' | 'comments'>;

/** Hints by keyword. */
const USAGE: Readonly<Record<string, string>> = {
  ARG: 'ARG name or ARG name=default',
  ENV: 'ENV name=value',
  EXPOSE: 'EXPOSE port, as in EXPOSE 8080/tcp',
  HEALTHCHECK: 'HEALTHCHECK CMD and a command, or HEALTHCHECK NONE',
  LABEL: 'LABEL name=value',
  MAINTAINER: 'LABEL org.opencontainers.image.authors="name": MAINTAINER is deprecated',
  RUN: 'RUN and a command',
  SHELL: 'SHELL ["/bin/bash", "-c"]',
  STOPSIGNAL: 'STOPSIGNAL and a signal, as in STOPSIGNAL SIGINT',
  USER: 'USER name or USER uid:gid',
  VOLUME: 'VOLUME and a path, as in VOLUME /data',
  WORKDIR: 'WORKDIR and a path, as in WORKDIR /app',
};

export function argumentHint(keyword: string): string | undefined {
  return USAGE[keyword] && `Write ${USAGE[keyword]}.`;
}

export function exactlyOne(keyword: string, rest: string): string {
  if (rest === '')
    throw new DockerfileError(`${keyword} requires exactly one argument`, { hint: argumentHint(keyword) });
  return rest;
}

export function atLeastOne<T>(keyword: string, items: readonly T[]): readonly T[] {
  if (items.length === 0) {
    throw new DockerfileError(`${keyword} requires at least one argument`, { hint: argumentHint(keyword) });
  }
  return items;
}
