import { ShaleError, type ShaleErrorOptions } from '@shale/core';

/** One thing to mend in a file, with its place. Lines and columns count from 1. */
export interface ConfigurationIssue {
  readonly message: string;
  /** Keys and array indexes that lead to the value; empty for the whole document. */
  readonly path: readonly (string | number)[];
  readonly line: number;
  readonly column: number;
}

export interface DevcontainerInvalidOptions extends ShaleErrorOptions {
  readonly file?: string | undefined;
  readonly issues?: readonly ConfigurationIssue[] | undefined;
  /** The lines around the first issue, its own marked. */
  readonly excerpt?: string | undefined;
}

/** A devcontainer.json, or what it names, that cannot be used. */
export class DevcontainerInvalidError extends ShaleError {
  readonly code = 'DEVCONTAINER_INVALID';
  readonly file: string | undefined;
  readonly issues: readonly ConfigurationIssue[];
  readonly excerpt: string | undefined;

  constructor(message: string, { file, issues = [], excerpt, ...options }: DevcontainerInvalidOptions = {}) {
    super(message, options);
    this.file = file;
    this.issues = issues;
    this.excerpt = excerpt;
  }
}

/** There is no devcontainer.json, or several and none is chosen. */
export class DevcontainerMissingError extends ShaleError {
  readonly code = 'DEVCONTAINER_MISSING';
}

/** `file:line:column: message`, as editors and terminals link it. */
export function formatIssue(file: string, { line, column, message }: ConfigurationIssue): string {
  return `${file}:${line}:${column}: ${message}`;
}
