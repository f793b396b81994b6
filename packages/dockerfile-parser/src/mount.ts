import { DockerfileError } from './dockerfile-error.ts';
import { cleanPath } from './clean-path.ts';
import { type MountField, parseNumber, parseSize, parseSwitch, splitMount } from './mount-options.ts';
import { didYouMean } from './suggest.ts';

/** Mounts a tree of a stage, an image or a context. Without `readOnly` it can be written, and the writes are discarded. */
export interface BindMount {
  readonly type: 'bind';
  readonly from: string | undefined;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A directory that is kept between builds. */
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
  /** `undefined` when the secret is a variable only. */
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
  /** Expands the variables of a value. Not called for `from`. @default no expansion */
  readonly expand?: ((value: string) => string) | undefined;
}

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
type MountType = Mount['type'];

/** Keys that only some types accept. Every type accepts the other keys, and ignores those without meaning for it. */
const TAKEN_BY: Readonly<Record<string, readonly MountType[]>> = {
  sharing: ['cache'],
  mode: ['cache', 'secret', 'ssh'],
  uid: ['cache', 'secret', 'ssh'],
  gid: ['cache', 'secret', 'ssh'],
  required: ['secret', 'ssh'],
  env: ['secret'],
  size: ['tmpfs'],
};
const KEYS: readonly string[] = [
  'type',
  'from',
  'source',
  'target',
  'id',
  'readonly',
  'readwrite',
  ...Object.keys(TAKEN_BY),
];

/**
 * Reads the value of `RUN --mount`.
 * @throws {DockerfileError}
 * @see https://github.com/moby/buildkit/blob/v0.21.0/frontend/dockerfile/docs/reference.md#run---mount
 * @example parseMount('type=cache,target=/root/.npm').type // 'cache'
 */
export function parseMount(text: string, { expand = (value) => value }: ParseMountOptions = {}): Mount {
  const fields = splitMount(text);
  const values = new Map<string, string>();
  for (const field of fields) {
    checkKey(field);
    checkFrom(field);
    const value = field.key === 'from' ? (field.value ?? '') : expand(field.value ?? 'true');
    // the last one of the two decides
    if (field.key === 'readwrite') values.set('readonly', String(!parseSwitch(field.name, value)));
    else values.set(field.key, value);
  }
  const type = mountType(values.get('type'));
  for (const { key, name } of fields) checkTaken(type, key, name);
  return build(type, values);
}

/** Checks what does not depend on the values of variables. @throws {DockerfileError} */
export function checkMount(text: string): void {
  for (const field of splitMount(text)) checkFrom(field);
}

function checkKey({ key, name, value = '' }: MountField): void {
  if (KEYS.includes(key)) return;
  throw new DockerfileError(`unexpected key '${name}' in '${name}=${value}'${didYouMean(name, KEYS)}`, {
    hint: `The keys are ${KEYS.join(', ')}.`,
  });
}

function checkFrom({ key, value = '' }: MountField): void {
  if (key === 'from' && /\$./.test(value))
    throw new DockerfileError("'from' doesn't support variable expansion, define alias stage instead", {
      hint: `Write FROM ${value} AS name above, and from=name here.`,
    });
}

function checkTaken(type: MountType, key: string, name: string): void {
  if (type === 'ssh' && key === 'source')
    throw new DockerfileError('ssh does not support source', { hint: 'Name the agent with id=name.' });
  if (type === 'secret' && key === 'from')
    throw new DockerfileError('secret mount should not have a from', {
      hint: 'Leave from out: a secret is given to the build, not found in an image.',
    });
  const takers = Object.hasOwn(TAKEN_BY, key) ? TAKEN_BY[key] : undefined;
  if (takers === undefined || takers.includes(type)) return;
  throw new DockerfileError(`${name} not allowed for ${JSON.stringify(type)} type mounts`, {
    hint: `It is for type=${takers.join(' and type=')}.`,
  });
}

function mountType(text = 'bind'): MountType {
  const type = TYPES.find((name) => name === text.toLowerCase());
  if (type !== undefined) return type;
  throw new DockerfileError(`unsupported mount type ${JSON.stringify(text)}${didYouMean(text.toLowerCase(), TYPES)}`, {
    hint: `The types are ${TYPES.join(', ')}.`,
  });
}

type Values = ReadonlyMap<string, string>;

function build(type: MountType, values: Values): Mount {
  switch (type) {
    case 'bind':
      return { type, ...tree(values), target: target(values), readOnly: readOnly(values, true) };
    case 'cache':
      return {
        type,
        id: values.get('id'),
        ...tree(values),
        target: target(values),
        sharing: sharing(values.get('sharing')),
        ...access(values, 0o755),
        readOnly: readOnly(values, false),
      };
    case 'tmpfs': {
      const size = values.get('size');
      return { type, target: target(values), sizeBytes: size === undefined ? undefined : parseSize(size) };
    }
    case 'secret':
      return { type, required: required(values), ...access(values, 0o400), ...secretNames(values) };
    case 'ssh':
      return {
        type,
        id: values.get('id') ?? 'default',
        target: values.get('target'),
        required: required(values),
        ...access(values, 0o600),
      };
  }
}

const tree = (values: Values) => ({ from: values.get('from') || undefined, source: values.get('source') || '/' });

function access(values: Values, byDefault: number): { mode: number; uid: number; gid: number } {
  const number = (name: string, absent: number) => {
    const value = values.get(name);
    return value === undefined ? absent : parseNumber(name, value);
  };
  return { mode: number('mode', byDefault), uid: number('uid', 0), gid: number('gid', 0) };
}

function readOnly(values: Values, byDefault: boolean): boolean {
  const value = values.get('readonly');
  return value === undefined ? byDefault : parseSwitch('readonly', value);
}

function required(values: Values): boolean {
  return parseSwitch('required', values.get('required') ?? 'false');
}

function secretNames(values: Values): Pick<SecretMount, 'id' | 'target' | 'env'> {
  const env = values.get('env');
  const path = values.get('target') || undefined;
  if (values.has('source') && values.has('id'))
    throw new DockerfileError("both source and id can't be set", { hint: 'They mean the same: keep id=name.' });
  const id = values.get('id') || values.get('source') || (path && baseName(path));
  if (id === undefined || id === '')
    throw new DockerfileError('invalid secret mount. one of source, target required', { hint: 'Add id=name.' });
  return { id, env, target: path ?? (env === undefined ? `/run/secrets/${baseName(id)}` : undefined) };
}

const baseName = (path: string) => cleanPath(path).split('/').at(-1) ?? '';

function target(values: Values): string {
  const path = values.get('target') ?? '';
  if (path === '') throw new DockerfileError('mount target is required', { hint: 'Add target=/path.' });
  if (cleanPath(path) === '/') throw new DockerfileError('invalid mount target "/"', { hint: 'Mount below the root.' });
  return path;
}

const SHARING = ['shared', 'private', 'locked'];

function sharing(text = 'shared'): CacheMount['sharing'] {
  const value = text.toLowerCase();
  if (value === 'shared' || value === 'private' || value === 'locked') return value;
  throw new DockerfileError(`unsupported sharing value ${JSON.stringify(text)}${didYouMean(value, SHARING)}`, {
    hint: 'Write shared, private or locked.',
  });
}
