import { posix } from 'node:path';
import { isGitSource } from '@shale/git';

/** A URL or a repository, which only ADD takes. */
export function isRemoteSource(source: string): boolean {
  return isUrl(source) || isGitSource(source);
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

const UNNAMED = '__unnamed__';

/** The file name that a URL gives: the last part of its path, as BuildKit takes it. */
export function urlFileName(url: string): string {
  try {
    const name = posix.basename(decodeURIComponent(new URL(url).pathname));
    return name === '' || name === '.' || name === '..' || name.includes('\0') ? UNNAMED : name;
  } catch {
    return UNNAMED; // a malformed escape
  }
}
