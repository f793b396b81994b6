import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto';
import type { Descriptor, Manifest } from '@shale/core';
import { ShaleError } from '@shale/core';
import type { UntrustedReason } from '../contract/cache-event.ts';
import { RecordAnnotation } from './record-manifest.ts';
import type { KeyValue } from '../keys/key-value.ts';
import { encodeKeyValue } from '../keys/key-value.ts';

const PREAMBLE = 'shale-signature-v1';
const KEY_ID_DIGITS = 16;
/** Key id, then the 64 bytes of an Ed25519 signature in base64. */
const GRAMMAR = /^(?<keyId>[0-9a-f]{16}) (?<signature>[A-Za-z0-9+/]{86}==)$/;

export class SignatureKeyError extends ShaleError {
  readonly code = 'CREDENTIALS_INVALID';
}

const KEY_HINT = 'Make one with: openssl genpkey -algorithm ed25519 (and openssl pkey -pubout for the public half).';

/**
 * Reads the key that signs entries.
 * @param pem PKCS #8, unencrypted.
 * @throws {SignatureKeyError}
 */
export function parseSignKey(pem: string): KeyObject {
  return parseKey(pem, createPrivateKey, 'private');
}

/**
 * Reads a key whose signatures are trusted.
 * @param pem SubjectPublicKeyInfo.
 * @throws {SignatureKeyError}
 */
export function parseTrustKey(pem: string): KeyObject {
  return parseKey(pem, createPublicKey, 'public');
}

function parseKey(pem: string, create: (pem: string) => KeyObject, half: 'private' | 'public'): KeyObject {
  let key: KeyObject;
  try {
    key = create(pem);
  } catch {
    // the message of the cause could show parts of the key
    throw new SignatureKeyError(`This is not a ${half} key in PEM form`, { hint: KEY_HINT });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new SignatureKeyError(
    `Cache entries are signed with Ed25519, not with ${key.asymmetricKeyType ?? 'this key'}`,
    {
      hint: KEY_HINT,
    },
  );
}

/** A short name for a public key, by which a reader with several keys finds the right one. */
export function keyId(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ format: 'der', type: 'spki' }), 'hex').slice(0, KEY_ID_DIGITS);
}

/** Signs everything that a reader takes from an entry: key, scope, layer, DiffID, config and every annotation. */
export function signRecord(unsigned: Manifest, signKey: KeyObject): string {
  return `${keyId(createPublicKey(signKey))} ${sign(null, signedBytes(unsigned), signKey).toString('base64')}`;
}

/** @returns `undefined` when one of the keys signed exactly this manifest. */
export function checkSignature(manifest: Manifest, trustKeys: readonly KeyObject[]): UntrustedReason | undefined {
  const text = manifest.annotations?.[RecordAnnotation.signature];
  if (text === undefined) return 'unsigned';
  const groups = GRAMMAR.exec(text)?.groups;
  if (groups?.['keyId'] === undefined || groups['signature'] === undefined) return 'bad-signature';
  const key = trustKeys.find((candidate) => keyId(candidate) === groups['keyId']);
  if (key === undefined) return 'unknown-signer';
  const isValid = verify(null, signedBytes(manifest), key, Buffer.from(groups['signature'], 'base64'));
  return isValid ? undefined : 'bad-signature';
}

/** Does not depend on how the JSON is formatted: a registry or a tool may have formatted it again. */
function signedBytes({ mediaType, config, layers, annotations = {} }: Manifest): Buffer {
  const signed = Object.entries(annotations).filter(([name]) => name !== RecordAnnotation.signature);
  return encodeKeyValue([PREAMBLE, mediaType, describe(config), layers.map(describe), new Map(signed)]);
}

function describe({ mediaType, digest, size, annotations = {} }: Descriptor): KeyValue {
  return [mediaType, digest, String(size), new Map(Object.entries(annotations))];
}
