import { ShaleError, type ShaleErrorOptions } from '@shale/core';

/** A request, its answer and the number of its tries. */
export interface RegistryCall {
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
  /** From 1. */
  readonly tries: number;
}

/** One entry of a registry's own error list. */
export interface RegistryReply {
  /** As in `MANIFEST_UNKNOWN`; empty when the answer is not the JSON of the specification. */
  readonly code: string;
  readonly message: string;
}

export interface RegistryAnswer extends RegistryCall {
  /** Whether the answer is from a host that the registry redirected to. */
  readonly redirected?: boolean | undefined;
  readonly status: number;
  readonly statusText: string;
  readonly replies: readonly RegistryReply[];
}

/**
 * The registry refused a request.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export class RegistryRefusedError extends ShaleError {
  readonly code = 'REGISTRY_REFUSED';
  readonly status: number;
  readonly method: string;
  readonly url: string;
  readonly tries: number;
  readonly replies: readonly RegistryReply[];
  readonly redirected: boolean;

  constructor(answer: RegistryAnswer, options?: ShaleErrorOptions) {
    super(describeAnswer(answer), options);
    this.status = answer.status;
    this.method = answer.method;
    this.url = answer.url;
    this.tries = answer.tries;
    this.replies = answer.replies;
    this.redirected = answer.redirected ?? false;
  }
}

/** Why there was no answer: the codes differ where users can do different things. */
export type UnreachableCode =
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_PLAIN_HTTP'
  | 'CERTIFICATE_UNTRUSTED'
  | 'CERTIFICATE_INVALID';

export interface UnreachableOptions extends ShaleErrorOptions {
  /** @default 'REGISTRY_UNREACHABLE' */
  readonly code?: UnreachableCode | undefined;
}

/** No complete answer: no route, a broken or silent connection, an untrusted certificate. */
export class RegistryUnreachableError extends ShaleError {
  readonly code: UnreachableCode;
  readonly method: string;
  readonly url: string;
  readonly tries: number;

  constructor(
    call: RegistryCall,
    reason: string,
    { code = 'REGISTRY_UNREACHABLE', ...options }: UnreachableOptions = {},
  ) {
    super(`${call.method} ${call.url}: ${reason}${describeTries(call.tries)}`, options);
    this.code = code;
    this.method = call.method;
    this.url = call.url;
    this.tries = call.tries;
  }
}

/** The registry does not accept the credentials, or they cannot be read. */
export class CredentialsInvalidError extends ShaleError {
  readonly code = 'CREDENTIALS_INVALID';
  /** Where they came from: a file, or a credential program. */
  readonly origin: string;

  constructor(message: string, origin: string, options?: ShaleErrorOptions) {
    super(message, options);
    this.origin = origin;
  }
}

/** The registry names a token realm that must not be asked. */
export class AuthRealmRefusedError extends ShaleError {
  readonly code = 'AUTH_REALM_REFUSED';
}

export function describeAnswer(answer: RegistryAnswer): string {
  const { method, url, status, statusText, replies, tries } = answer;
  const said = replies.map(({ code, message }) => [code, message].filter((part) => part !== '').join(': ')).join('; ');
  return `${method} ${url}: ${status} ${statusText}${said === '' ? '' : `: ${said}`}${describeTries(tries)}`;
}

function describeTries(tries: number): string {
  return tries > 1 ? ` (${tries} tries)` : '';
}

const MAX_REPLIES = 8;
const MAX_REPLY_CHARACTERS = 400;

/** Reads an error body of any kind. The result is short and safe to print. */
export function parseReplies(body: string): readonly RegistryReply[] {
  try {
    const document = JSON.parse(body) as { errors?: unknown; details?: unknown; message?: unknown } | null;
    const list = Array.isArray(document?.errors) ? document.errors.slice(0, MAX_REPLIES) : [document];
    return list.flatMap((entry: { code?: unknown; message?: unknown; details?: unknown } | null) => {
      const message = printable(entry?.message ?? entry?.details);
      const code = printable(entry?.code);
      return code === '' && message === '' ? [] : [{ code, message }];
    });
  } catch {
    const text = printable(body.replaceAll(/<[^>]*>/g, ' ').trim());
    return text === '' ? [] : [{ code: '', message: text }];
  }
}

/** Makes remote text safe to print: one line, without control characters. */
export function printable(text: unknown): string {
  if (typeof text !== 'string' && typeof text !== 'number') return '';
  const line = String(text)
    .slice(0, MAX_REPLY_CHARACTERS * 4)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u{fffd}')
    .trim();
  return line.length > MAX_REPLY_CHARACTERS ? `${line.slice(0, MAX_REPLY_CHARACTERS)}…` : line;
}
