import { readFile } from 'node:fs/promises';
import { DEFAULT_REGISTRY, type Reference } from '@shale/core';
import { undefinedIfMissing } from '@shale/core/files';
import { asObject, asOptional, asString, asStringMap, type JsonObject, parseJson } from '@shale/core/json';
import { askCredentialHelper, findCredentialHelper } from './credential-helper.ts';
import type { Credentials, Keychain } from './keychain.ts';
import { CredentialsInvalidError } from './registry-error.ts';
import { RecentValues } from './recent-values.ts';

export interface DockerConfigKeychainOptions {
  /** Texts of config files, asked before `paths`; `origin` names each in messages. */
  readonly configs?: readonly { readonly text: string; readonly origin: string }[] | undefined;
  /** `config.json` and `auth.json` files, the most important first; one that is not there is skipped. */
  readonly paths?: readonly string[] | undefined;
  /** Folders of `docker-credential-*` programs, as in `PATH`. @default no program is run */
  readonly helperPath?: string | undefined;
  /** The environment of those programs. @default empty */
  readonly helperEnvironment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Called for a file that may not be read, and for a `credsStore` without a program. Both are skipped. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** The content of one file. */
interface DockerConfig {
  readonly origin: string;
  readonly auths: JsonObject;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
}

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const REMEMBERED_MS = 60_000;
const DOCKER_HUB_KEYS = ['https://index.docker.io/v1/', 'index.docker.io', 'registry-1.docker.io'];

/**
 * Credentials as docker and podman keep them. In one file, `credHelpers` is asked first, then `credsStore`, then
 * `auths`; the longest key that covers the repository wins. Files are read again after a minute.
 * @see https://github.com/containers/image/blob/v5.34.0/docs/containers-auth.json.5.md
 */
export function dockerConfigKeychain(options: DockerConfigKeychainOptions): Keychain {
  const files = new RecentValues<DockerConfig | undefined>(REMEMBERED_MS);
  const answers = new RecentValues<Credentials | undefined>(REMEMBERED_MS);
  const texts = (options.configs ?? []).map(({ text, origin }) => parseDockerConfig(text, origin));
  return {
    async resolve(target, { signal } = {}) {
      const read = (options.paths ?? []).map((path) =>
        files.get(path, () => readDockerConfig(path, options.onWarning)),
      );
      for (const config of [...texts, ...(await Promise.all(read))]) {
        signal?.throwIfAborted();
        const found = config && (await lookUp(config, { target, options, answers }));
        if (found) return found;
      }
      return undefined;
    },
  };
}

type Target = Pick<Reference, 'registry' | 'repository'>;

interface LookUp {
  readonly target: Target;
  readonly options: DockerConfigKeychainOptions;
  readonly answers: RecentValues<Credentials | undefined>;
}

async function lookUp(config: DockerConfig, wish: LookUp): Promise<Credentials | undefined> {
  const keys = keysFor(wish.target);
  const named = keys.find((key) => Object.hasOwn(config.credHelpers, key));
  const server = wish.target.registry === DEFAULT_REGISTRY ? (DOCKER_HUB_KEYS[0] as string) : wish.target.registry;
  const helper = named === undefined ? config.credsStore : config.credHelpers[named];
  if (helper !== undefined && helper !== '') {
    const optional = named === undefined;
    const found = await askHelper(config, { ...wish, helper, server, optional });
    if (found) return found;
  }
  const key = keys.find((candidate) => Object.hasOwn(config.auths, candidate)) ?? keyOfHost(config.auths, wish.target);
  return key === undefined ? undefined : parseEntry(config.auths[key], config.origin, key);
}

interface AskHelper extends LookUp {
  readonly helper: string;
  readonly server: string;
  readonly optional: boolean;
}

async function askHelper(config: DockerConfig, wish: AskHelper): Promise<Credentials | undefined> {
  const { helper, server, optional, options, answers } = wish;
  const program = await findCredentialHelper(helper, options.helperPath, config.origin);
  if (program === undefined) {
    const message = `${config.origin} names the credential program docker-credential-${helper}, which was not found`;
    if (!optional)
      throw new CredentialsInvalidError(message, config.origin, { hint: 'Install it, or put it into PATH.' });
    options.onWarning?.(message);
    return undefined;
  }
  return answers.get(JSON.stringify([program, server]), () =>
    askCredentialHelper(program, server, options.helperEnvironment ?? {}),
  );
}

/** Keys from the full path of the repository to the bare host. docker.io has several names. */
function keysFor({ registry, repository }: Target): readonly string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join('/')}`);
  return [...paths, registry, ...(registry === DEFAULT_REGISTRY ? DOCKER_HUB_KEYS : [])];
}

/**
 * Docker's rule: an entry counts for the host in it, so `https://host/v1/` and `host:5000/app:tag` do. A bare path
 * (`host/team`) is podman's way to bind credentials to that path, and counts for nothing else.
 */
function keyOfHost(auths: JsonObject, { registry }: Target): string | undefined {
  return Object.keys(auths).find((key) => {
    const [, scheme, host, path = ''] = /^(https?:\/\/)?([^/]*)(\/.*)?$/.exec(key) ?? [];
    if (host !== registry) return false;
    return scheme === undefined ? /[:@]/.test(path) : /^\/?(?:v[12]\/?)?$/.test(path);
  });
}

async function readDockerConfig(
  path: string,
  onWarning: DockerConfigKeychainOptions['onWarning'],
): Promise<DockerConfig | undefined> {
  try {
    return parseDockerConfig(await readFile(path, 'utf8'), path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') return undefined;
    if (code !== 'EACCES') return undefinedIfMissing(error);
    onWarning?.(`${path} cannot be read, and is passed over`);
    return undefined;
  }
}

/** @throws {CredentialsInvalidError} */
function parseDockerConfig(text: string, origin: string): DockerConfig {
  const fail = (message: string) =>
    new CredentialsInvalidError(`${origin}: ${message}`, origin, { hint: 'Correct the file, or log in again.' });
  if (text.length > MAX_CONFIG_BYTES) throw fail(`larger than ${MAX_CONFIG_BYTES} bytes`);
  if (text.trim() === '') return { origin, auths: {}, credHelpers: {}, credsStore: undefined };
  const document = asObject(safeJson(text, fail), 'the config', fail);
  return {
    origin,
    auths: asOptional(document['auths'], (value) => asObject(value, 'auths', fail)) ?? {},
    credHelpers: asOptional(document['credHelpers'], (value) => asStringMap(value, 'credHelpers', fail)) ?? {},
    credsStore: asOptional(document['credsStore'], (value) => asString(value, 'credsStore', fail)),
  };
}

/** Replaces the message of the parser, which quotes the text around the fault: that may be a password. */
function safeJson(text: string, fail: (message: string) => Error): unknown {
  return parseJson(text, 'it', () => fail('it is not JSON'));
}

function parseEntry(value: unknown, origin: string, key: string): Credentials | undefined {
  const fail = (message: string) =>
    new CredentialsInvalidError(`${origin}, entry ${JSON.stringify(key)}: ${message}`, origin, {
      hint: 'Correct the file, or log in again.',
    });
  const entry = asObject(value, 'it', fail);
  const text = (name: string) => asOptional(entry[name], (inner) => asString(inner, name, fail)) || undefined;
  const identityToken = text('identitytoken');
  if (identityToken !== undefined) return { type: 'identity-token', token: identityToken, origin };
  const registryToken = text('registrytoken');
  if (registryToken !== undefined) return { type: 'registry-token', token: registryToken, origin };
  const auth = text('auth');
  if (auth === undefined) {
    const [username, password] = [text('username'), text('password')];
    return username === undefined || password === undefined
      ? undefined
      : { type: 'password', username, password, origin };
  }
  const pair = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = pair.indexOf(':');
  if (colon < 0) throw fail('"auth" is not the base64 of user:password');
  return { type: 'password', username: pair.slice(0, colon), password: pair.slice(colon + 1), origin };
}
