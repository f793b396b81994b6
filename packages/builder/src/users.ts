import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { hostPath, ShaleError } from '@shale/core';
import type { ProcessUser } from './executor.ts';
import { resolveInTree } from './isolation/scoped-path.ts';

/** Who a step runs as, and where that user is at home. */
export interface ResolvedUser extends ProcessUser {
  /** For `HOME`, as runc sets it. */
  readonly home: string;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A name that the tree's passwd or group does not know. */
export class UserUnknownError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** An image is not trusted: larger account files are not read. */
const MAX_ACCOUNT_BYTES = 4 * 1024 * 1024;
const MAX_ID = 2 ** 32 - 2;

/**
 * `USER user[:group]` in a tree, by its own passwd and group: names or numbers. With a group, that is the only one;
 * without, the user's supplementary groups count.
 * @throws {UserUnknownError}
 */
export function resolveUser(tree: string, text: string): ResolvedUser {
  const { user, group } = splitUser(text === '' ? '0' : text);
  const account = findUser(readPasswd(tree), user);
  const uid = account?.uid ?? numericId(user);
  if (uid === undefined)
    throw new UserUnknownError(`unable to find user ${user}: no matching entries in passwd file`, {
      hint: 'Create the user in an earlier RUN, or use its number.',
    });
  const home = account?.home || '/';
  const groups = readGroup(tree);
  if (group !== undefined) {
    const gid = findGroup(groups, group);
    if (gid === undefined)
      throw new UserUnknownError(`unable to find group ${group}: no matching entries in group file`, {
        hint: 'Create the group in an earlier RUN, or use its number.',
      });
    return { uid, gid, groups: [gid], home };
  }
  const gid = account?.gid ?? 0;
  const supplementary = groups.flatMap((entry) =>
    account !== undefined && entry.members.includes(account.name) ? [entry.gid] : [],
  );
  return { uid, gid, groups: [...new Set([gid, ...supplementary])], home };
}

/** `--chown user[:group]`: a number alone is both; a name that is not known is root, as in BuildKit. */
export function resolveOwner(tree: string, text: string): Owner {
  const { user, group } = splitUser(text);
  const number = numericId(user);
  const account = number === undefined ? findUser(readPasswd(tree), user) : undefined;
  const uid = number ?? account?.uid ?? 0;
  if (group !== undefined) return { uid, gid: numericId(group) ?? findGroup(readGroup(tree), group) ?? 0 };
  return { uid, gid: number ?? account?.gid ?? 0 };
}

function splitUser(text: string): { user: string; group: string | undefined } {
  const colon = text.indexOf(':');
  const group = colon < 0 ? '' : text.slice(colon + 1);
  const user = colon < 0 ? text : text.slice(0, colon);
  return { user: user === '' ? '0' : user, group: group === '' ? undefined : group };
}

function numericId(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

function findUser(entries: readonly PasswdEntry[], user: string): PasswdEntry | undefined {
  const number = numericId(user);
  return entries.find(({ name }) => name === user) ?? entries.find(({ uid }) => uid === number);
}

function findGroup(entries: readonly GroupEntry[], group: string): number | undefined {
  return entries.find(({ name }) => name === group)?.gid ?? numericId(group);
}

function readPasswd(tree: string): PasswdEntry[] {
  return readFields(tree, '/etc/passwd').flatMap(([name = '', , uid = '', gid = '', , home = '']) => {
    const [user, group] = [numericId(uid), numericId(gid)];
    return user === undefined || group === undefined ? [] : [{ name, uid: user, gid: group, home }];
  });
}

function readGroup(tree: string): GroupEntry[] {
  return readFields(tree, '/etc/group').flatMap(([name = '', , id = '', members = '']) => {
    const gid = numericId(id);
    return gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}

/** A regular file inside the tree, whatever the image put there: no fifo, no device, no way out. */
function readFields(tree: string, path: string): string[][] {
  const { existing, missing } = resolveInTree(tree, path);
  if (missing.length > 0) return [];
  const fd = openSync(hostPath(existing), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > MAX_ACCOUNT_BYTES) return [];
    return readFileSync(fd, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } finally {
    closeSync(fd);
  }
}
