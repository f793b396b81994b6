import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import { hostPath } from '@shale/core/archive';
import { resolveInTree } from './scoped-path.ts';

/** The ids that a process gets. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, the primary one included. */
  readonly groups: readonly number[];
}

/** Who a step runs as, and where that user is at home. */
export interface ResolvedUser extends ProcessUser {
  /** `undefined` for a number that has no entry. */
  readonly name: string | undefined;
  /** For `HOME`, as runc sets it. */
  readonly home: string;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A name that the tree's passwd or group does not know. */
export class UserUnknownError extends ShaleError {
  readonly code = 'STEP_FAILED';
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
const MAX_ID = 2 ** 31 - 1;

/**
 * `USER user[:group]` in a tree, by its own passwd and group: names or numbers. With a group, that is the only one;
 * without, the user's supplementary groups count.
 * @throws {UserUnknownError}
 */
export function resolveUser(tree: string, text: string): ResolvedUser {
  const { user, group } = splitUser(text);
  const account = findUser(readPasswd(tree), user);
  const uid = account?.uid ?? numericId(user);
  if (uid === undefined) throw unknown('user', user);
  const home = account?.home || '/';
  const name = account?.name;
  if (group !== undefined) {
    const gid = numericId(group) ?? findGroup(readGroup(tree), group);
    if (gid === undefined) throw unknown('group', group);
    return { uid, gid, groups: [gid], home, name };
  }
  const gid = account?.gid ?? 0;
  // who is root because no USER says otherwise is in no further group
  const groups =
    account === undefined || text === '' ? [] : readGroup(tree).filter(({ members }) => members.includes(account.name));
  return { uid, gid, groups: [...new Set([gid, ...groups.map((entry) => entry.gid)])], home, name };
}

function unknown(kind: 'user' | 'group', name: string): UserUnknownError {
  return new UserUnknownError(`There is no ${kind} ${JSON.stringify(name)} in the image`, {
    hint: `Create the ${kind} in an earlier RUN, or use its number.`,
  });
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

/** A number is an id, whatever names there are. Root needs no entry. */
function findUser(entries: readonly PasswdEntry[], user: string): PasswdEntry | undefined {
  const number = /^\d+$/.test(user) ? numericId(user) : undefined;
  if (number !== undefined) return entries.find(({ uid }) => uid === number);
  const found = entries.find(({ name }) => name === user);
  return found ?? (user === 'root' ? { name: 'root', uid: 0, gid: 0, home: '/' } : undefined);
}

function findGroup(entries: readonly GroupEntry[], group: string): number | undefined {
  return entries.find(({ name }) => name === group)?.gid ?? (group === 'root' ? 0 : undefined);
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
    if (!stats.isFile()) return [];
    if (stats.size > MAX_ACCOUNT_BYTES) {
      throw new UserUnknownError(`${path} of the image is not read: it is larger than ${MAX_ACCOUNT_BYTES} bytes`);
    }
    return readFileSync(fd, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } finally {
    closeSync(fd);
  }
}
