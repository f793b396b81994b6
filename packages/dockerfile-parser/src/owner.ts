import { DockerfileError } from './dockerfile-error.ts';

/** The owner in `--chown` and USER. Names are looked up in the image. */
export interface Owner {
  readonly user: OwnerName;
  /** `undefined` when there is none: the default differs between `--chown` and USER. */
  readonly group: OwnerName | undefined;
}

/** A number is an id, and a string is a name. */
export type OwnerName = number | string;

const MAX_ID = 2 ** 32 - 1;

/**
 * Reads `user[:group]`.
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
