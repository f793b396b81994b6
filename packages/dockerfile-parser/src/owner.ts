import { DockerfileError } from './dockerfile-error.ts';

/** Who `--chown` and USER name; names are looked up in the image that is written to. */
export interface Owner {
  readonly user: OwnerName;
  /** `undefined` when it is left out: what it is then differs between `--chown` and USER. */
  readonly group: OwnerName | undefined;
}

/** A number is an id; a string is a name. */
export type OwnerName = number | string;

const MAX_ID = 2 ** 32 - 1;

/**
 * `user[:group]`.
 * @throws {DockerfileError}
 * @example parseOwner('app:0') // { user: 'app', group: 0 }
 */
export function parseOwner(text: string): Owner {
  const [user = '', group, ...others] = text.split(':');
  if (user === '' || others.length > 0)
    throw new DockerfileError(`invalid owner: ${JSON.stringify(text)}`, { hint: 'Write user or user:group.' });
  return { user: parseName(user), group: group === undefined || group === '' ? undefined : parseName(group) };
}

function parseName(text: string): OwnerName {
  if (!/^\d+$/.test(text)) return text;
  const id = Number(text);
  if (id > MAX_ID) throw new DockerfileError(`invalid owner: ${text} is larger than any id`);
  return id;
}
