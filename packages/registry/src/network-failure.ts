import type { UnreachableCode } from './registry-error.ts';

/** Why there was no answer, and whether another try can help. */
export interface NetworkFailure {
  /** @default 'REGISTRY_UNREACHABLE' */
  readonly code?: UnreachableCode | undefined;
  readonly reason: string;
  readonly retriable: boolean;
  readonly hint?: string | undefined;
  /** The host does not speak this protocol. */
  readonly wrongProtocol?: boolean | undefined;
}

const UNTRUSTED = {
  code: 'CERTIFICATE_UNTRUSTED',
  retriable: false,
  hint: 'Trust the authority that signed it: a .crt file in the certificate directory of this host does that.',
} as const;
const BROKEN: NetworkFailure = { reason: 'the connection was broken', retriable: true };
const CLOSED_AT_ONCE: NetworkFailure = {
  reason: 'it closed the connection without an answer',
  retriable: true,
  hint: 'If it asks for a client certificate, put a .cert and a .key file for this host into the certificate directory.',
};
const SILENT: NetworkFailure = { reason: 'the registry fell silent', retriable: true };
const NO_CONNECTION: NetworkFailure = { reason: 'no connection in time', retriable: true };
const NO_ROUTE: NetworkFailure = { reason: 'no route to the host', retriable: false };
const SELF_SIGNED: NetworkFailure = { ...UNTRUSTED, reason: 'its certificate is self-signed' };
const UNKNOWN_AUTHORITY: NetworkFailure = { ...UNTRUSTED, reason: 'its certificate is signed by an unknown authority' };
const PLAIN_HTTP: NetworkFailure = {
  code: 'REGISTRY_PLAIN_HTTP',
  reason: 'it speaks plain http, and https was expected',
  retriable: false,
  hint: 'Allow plain http for this registry, if you trust the network.',
  wrongProtocol: true,
};
const NOT_HTTP: NetworkFailure = { reason: 'its answer is not HTTP', retriable: false, wrongProtocol: true };

const FAILURES: Readonly<Record<string, NetworkFailure>> = {
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  UND_ERR_SOCKET: BROKEN,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: BROKEN,
  UND_ERR_HEADERS_TIMEOUT: SILENT,
  UND_ERR_BODY_TIMEOUT: SILENT,
  UND_ERR_CONNECT_TIMEOUT: NO_CONNECTION,
  ETIMEDOUT: NO_CONNECTION,
  EAI_AGAIN: { reason: 'its name could not be looked up', retriable: true },
  ENOTFOUND: { reason: 'there is no host of this name', retriable: false },
  ECONNREFUSED: {
    reason: 'connection refused',
    retriable: false,
    hint: 'Check that the registry runs and that the port is right.',
  },
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  DEPTH_ZERO_SELF_SIGNED_CERT: SELF_SIGNED,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: { code: 'CERTIFICATE_INVALID', reason: 'its certificate has expired', retriable: false },
  CERT_NOT_YET_VALID: {
    code: 'CERTIFICATE_INVALID',
    reason: 'its certificate is not valid yet; is the clock right?',
    retriable: false,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'CERTIFICATE_INVALID',
    reason: 'its certificate is for another host name',
    retriable: false,
    hint: 'Use the name that the certificate has.',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: PLAIN_HTTP,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: PLAIN_HTTP,
  EPRIVATEADDRESS: {
    reason: 'the registry led to an address inside this network, where it does not live itself',
    retriable: false,
  },
  ETOOSLOW: { reason: 'the transfer was too slow', retriable: true },
};

/** Reads the errors of undici, of Node's sockets and of OpenSSL. */
export function describeFailure(error: unknown): NetworkFailure {
  for (const cause of causesOf(error)) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (code === 'UND_ERR_SOCKET' && closedAtOnce(cause)) return CLOSED_AT_ONCE;
    const known = FAILURES[code];
    if (known) return known;
    if (code.startsWith('HPE_')) return NOT_HTTP;
    if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
      return { reason: `TLS failed (${code})`, retriable: false, wrongProtocol: true };
    }
  }
  return { reason: (error as Error).message || String(error), retriable: false };
}

/** What a missing client certificate looks like: the TLS alert itself is lost. */
function closedAtOnce(error: unknown): boolean {
  return (error as { socket?: { bytesRead?: unknown } }).socket?.bytesRead === 0;
}

const MAX_CAUSES = 8;

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  const queue = [error];
  while (queue.length > 0 && causes.length < MAX_CAUSES) {
    const next = queue.shift();
    if (typeof next !== 'object' || next === null) continue;
    causes.push(next);
    if (next instanceof AggregateError) queue.push(...next.errors);
    if (next instanceof Error) queue.push(next.cause);
  }
  return causes;
}
