import { DockerfileError } from './dockerfile-error.ts';
import { suggest } from './suggest.ts';

/** Shows a tree of a stage, image or context. Writes to one that is not `readOnly` are dropped. */
export interface BindMount {
  readonly type: 'bind';
  readonly from: string | undefined;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A directory that outlives the build. */
export interface CacheMount {
  readonly type: 'cache';
  /** @default the target */
  readonly id: string | undefined;
  readonly from: string | undefined;
  readonly source: string;
  readonly target: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly readOnly: boolean;
}

export interface TmpfsMount {
  readonly type: 'tmpfs';
  readonly target: string;
  readonly sizeBytes: number | undefined;
}

export interface SecretMount {
  readonly type: 'secret';
  readonly id: string;
  /** `undefined` when only a variable is asked for. */
  readonly target: string | undefined;
  readonly env: string | undefined;
  readonly required: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface SshMount {
  readonly type: 'ssh';
  readonly id: string;
  /** @default /run/buildkit/ssh_agent.N */
  readonly target: string | undefined;
  readonly required: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export type Mount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

export interface ParseMountOptions {
  /** Expands the variables of a value; `from` takes none. */
  readonly expand: (value: string) => string;
}

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
type MountType = (typeof TYPES)[number];
const ALIASES: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
};
const BOOLEANS: ReadonlySet<string> = new Set(['readonly', 'readwrite', 'required']);
const ALLOWED: Readonly<Record<MountType, readonly string[]>> = {
  bind: ['from', 'source', 'target', 'readonly', 'readwrite'],
  cache: ['id', 'from', 'source', 'target', 'sharing', 'mode', 'uid', 'gid', 'readonly', 'readwrite'],
  tmpfs: ['target', 'size', 'readonly', 'readwrite'],
  secret: ['id', 'target', 'source', 'env', 'required', 'mode', 'uid', 'gid'],
  ssh: ['id', 'target', 'required', 'mode', 'uid', 'gid'],
};
const KEYS: ReadonlySet<string> = new Set(Object.values(ALLOWED).flat());

/**
 * Reads the value of `RUN --mount`.
 * @throws {DockerfileError}
 * @see https://github.com/moby/buildkit/blob/v0.21.0/frontend/dockerfile/docs/reference.md#run---mount
 */
export function parseMount(text: string, { expand }: ParseMountOptions): Mount {
  const fields = splitFields(text).map((field) => readField(field));
  const type = mountType(fields.find(([key]) => key === 'type')?.[1], expand);
  const values = new Map<string, string>();
  for (const [key, value, name] of fields) {
    if (key === 'type') continue;
    if (!KEYS.has(key))
      throw new DockerfileError(`unexpected key '${name}' in '${name}=${value ?? ''}'`, {
        hint: `${type} takes ${ALLOWED[type].join(', ')}.`,
      });
    if (!ALLOWED[type].includes(key)) throw new DockerfileError(`${name} not allowed for "${type}" type mounts`);
    if (value === undefined && !BOOLEANS.has(key))
      throw new DockerfileError(`invalid field '${name}' must be a key=value pair`);
    if (key === 'from' && value?.includes('$') === true) {
      throw new DockerfileError("'from' doesn't support variable expansion, define alias stage instead");
    }
    values.set(key, key === 'from' ? (value ?? '') : expand(value ?? 'true'));
  }
  return build(type, values);
}

function mountType(text: string | undefined, expand: (value: string) => string): MountType {
  const type = text === undefined ? 'bind' : expand(text).toLowerCase();
  const known = TYPES.find((name) => name === type);
  if (known !== undefined) return known;
  const close = suggest(type, TYPES);
  throw new DockerfileError(
    `unsupported mount type ${JSON.stringify(type)}${close === undefined ? '' : ` (did you mean ${close}?)`}`,
  );
}

function build(type: MountType, values: ReadonlyMap<string, string>): Mount {
  const readOnly = (byDefault: boolean) =>
    values.has('readonly')
      ? boolean(values, 'readonly')
      : values.has('readwrite')
        ? !boolean(values, 'readwrite')
        : byDefault;
  const owner = { uid: integer(values, 'uid', 10) ?? 0, gid: integer(values, 'gid', 10) ?? 0 };
  const mode = integer(values, 'mode', 8);
  const required = values.has('required') && boolean(values, 'required');
  const id = values.get('id');
  switch (type) {
    case 'bind':
      return {
        type,
        from: values.get('from'),
        source: values.get('source') ?? '/',
        target: target(values),
        readOnly: readOnly(true),
      };
    case 'cache':
      return {
        type,
        id,
        from: values.get('from'),
        source: values.get('source') ?? '/',
        target: target(values),
        sharing: sharing(values.get('sharing')),
        mode: mode ?? 0o755,
        ...owner,
        readOnly: readOnly(false),
      };
    case 'tmpfs':
      return { type, target: target(values), sizeBytes: parseSize(values.get('size')) };
    case 'secret':
      return { type, required, mode: mode ?? 0o400, ...owner, ...secretNames(values) };
    case 'ssh':
      return { type, id: id ?? 'default', target: values.get('target'), required, mode: mode ?? 0o600, ...owner };
  }
}

function secretNames(values: ReadonlyMap<string, string>): Pick<SecretMount, 'id' | 'target' | 'env'> {
  const env = values.get('env');
  const given = values.get('target');
  const id = values.get('id') ?? values.get('source') ?? given?.split('/').at(-1) ?? '';
  if (id === '') throw new DockerfileError('invalid secret mount. one of source, target required');
  return { id, env, target: given ?? (env === undefined ? `/run/secrets/${id.split('/').at(-1)}` : undefined) };
}

function target(values: ReadonlyMap<string, string>): string {
  const text = values.get('target');
  if (text === undefined || text === '')
    throw new DockerfileError('mount target is required', { hint: 'Add target=/path.' });
  if (/^\/+$/.test(text)) throw new DockerfileError('invalid mount target "/"');
  return text;
}

function sharing(text = 'shared'): CacheMount['sharing'] {
  if (text === 'shared' || text === 'private' || text === 'locked') return text;
  throw new DockerfileError(`unsupported sharing value ${JSON.stringify(text)}`, {
    hint: 'Write shared, private or locked.',
  });
}

function boolean(values: ReadonlyMap<string, string>, key: string): boolean {
  const text = values.get(key)?.toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new DockerfileError(`invalid value for ${key}: ${values.get(key)}`, { hint: 'Write true or false.' });
}

function integer(values: ReadonlyMap<string, string>, key: string, base: 8 | 10): number | undefined {
  const text = values.get(key);
  if (text === undefined) return undefined;
  if (!(base === 8 ? /^0?o?[0-7]{1,5}$/ : /^\d{1,10}$/).test(text))
    throw new DockerfileError(`invalid value ${text} for ${key}`);
  return Number.parseInt(text.replace(/^0?o/, ''), base);
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes, with docker's suffixes. */
function parseSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text) ?? [];
  if (digits === undefined)
    throw new DockerfileError(`invalid size: '${text}'`, { hint: 'Write bytes, or a number with k, m or g.' });
  return Math.round(Number(digits) * (SIZE_UNITS[unit.toLowerCase()] ?? 1));
}

/** [key, value, key as written] */
function readField(field: string): [string, string | undefined, string] {
  const equals = field.indexOf('=');
  const name = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const key = ALIASES[name] ?? name;
  if (equals < 0 && !BOOLEANS.has(key)) throw new DockerfileError(`invalid field '${field}' must be a key=value pair`);
  return [key, equals < 0 ? undefined : field.slice(equals + 1), name];
}

/** Comma-separated; a field in double quotes may hold commas. */
function splitFields(text: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (character === '"') {
      if (quoted && text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else quoted = !quoted;
    } else if (character === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}
