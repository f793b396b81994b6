/** Names of query parameters whose values are secrets. */
const SECRET_NAME = /token|signature|sig|secret|password|credential|key/i;

/** Removes the password from a URL, and the values of query parameters that are secrets, as in signed links. */
export function redactUrl(url: string | URL): string {
  const text = String(url);
  const scheme = text.indexOf('://');
  const authorityEnd = scheme < 0 ? -1 : text.slice(scheme + 3).search(/[/?#]/);
  const authority = scheme < 0 ? '' : text.slice(scheme + 3, authorityEnd < 0 ? undefined : scheme + 3 + authorityEnd);
  const at = authority.lastIndexOf('@');
  const cleaned = at < 0 ? text : text.slice(0, scheme + 3) + text.slice(scheme + 3 + at + 1);
  return redactQuery(cleaned);
}

/** Runs in linear time: one pattern for the whole address would take quadratic time. */
function redactQuery(text: string): string {
  const name = /[?&]([^=&#?\s]*)=/g;
  const end = /[&#\s]|$/g;
  let redacted = '';
  let taken = 0;
  for (let found = name.exec(text); found !== null; found = name.exec(text)) {
    if (!SECRET_NAME.test(found[1] ?? '')) continue;
    end.lastIndex = name.lastIndex;
    redacted += `${text.slice(taken, name.lastIndex)}***`;
    taken = end.exec(text)?.index ?? text.length;
    name.lastIndex = taken;
  }
  return redacted + text.slice(taken);
}

/**
 * Redacts every web address in a text. Lines of a Dockerfile may have a token in an address.
 * @example redactUrls('ADD https://me:token@host/app.git /src') // 'ADD https://host/app.git /src'
 */
export function redactUrls(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s'"<>]+/gi, (url) => redactUrl(url));
}
