import { resolve } from 'node:path';
import type { SecretSource } from '@shale/builder';
import type { Session } from '../session.ts';
import { parseAttributes } from '../options/attributes.ts';
import { UsageError } from '../errors/usage-error.ts';

type Place = Pick<Session, 'env' | 'cwd'>;

export interface SecretOptions {
  /** `id=ID[,src=FILE][,env=NAME]`. */
  readonly secret: readonly string[];
  /** `NAME=VALUE`, as in envbuilder. */
  readonly buildSecrets: readonly string[];
}

/** @throws {UsageError} for a secret without an id, or with a variable that is not set */
export function parseSecrets({ secret, buildSecrets }: SecretOptions, place: Place): ReadonlyMap<string, SecretSource> {
  return new Map([...buildSecrets.map(parseBuildSecret), ...secret.map((text) => parseSecret(text, place))]);
}

function parseBuildSecret(text: string): readonly [string, SecretSource] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new UsageError('invalid secret: it has no "="', { hint: 'Write NAME=VALUE.' });
  return [text.slice(0, equals), { type: 'value', value: Buffer.from(text.slice(equals + 1)) }];
}

function parseSecret(text: string, { env, cwd }: Place): readonly [string, SecretSource] {
  const attributes = parseAttributes(text, '--secret', ['id', 'type', 'src', 'source', 'env']);
  const id = attributes.get('id');
  if (id === undefined || id === '')
    throw new UsageError('--secret needs an id', { hint: 'Write id=ID,src=FILE or id=ID,env=NAME.' });
  const type = attributes.get('type');
  const source = attributes.get('src') ?? attributes.get('source');
  const variable = attributes.get('env') ?? (type === 'env' ? (source ?? id) : undefined);
  if (variable !== undefined) return [id, { type: 'value', value: Buffer.from(valueOf(variable, env)) }];
  if (source === undefined && type !== 'file' && env[id] !== undefined)
    return [id, { type: 'value', value: Buffer.from(env[id]) }];
  return [id, { type: 'file', path: resolve(cwd, source ?? id) }];
}

function valueOf(variable: string, env: Place['env']): string {
  const value = env[variable];
  if (value !== undefined) return value;
  throw new UsageError(`--secret takes its value from ${variable}, which is not set`);
}

/** Reads `default` and `ID=SOCKET`. @returns the sockets of agents by id */
export function parseSshAgents(texts: readonly string[], { env, cwd }: Place): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const [id = '', socket = env['SSH_AUTH_SOCK'] ?? ''] = text.split('=', 2);
      if (socket === '')
        throw new UsageError(`--ssh ${id}: no agent is running`, { hint: 'Start ssh-agent, or write ID=SOCKET.' });
      return [id, resolve(cwd, socket)];
    }),
  );
}
