/** Names of query parameters whose values carry a right. */
const SECRET_NAME = /token|signature|sig|secret|password|credential|key/i;

/** A URL without its password and without the values of query parameters that carry a right, as signed CDN links do. */
export function redactUrl(url: string | URL): string {
  const text = String(url);
  const scheme = text.indexOf('://');
  const authorityEnd = scheme < 0 ? -1 : text.slice(scheme + 3).search(/[/?#]/);
  const authority = scheme < 0 ? '' : text.slice(scheme + 3, authorityEnd < 0 ? undefined : scheme + 3 + authorityEnd);
  const at = authority.lastIndexOf('@');
  const cleaned = at < 0 ? text : text.slice(0, scheme + 3) + text.slice(scheme + 3 + at + 1);
  return redactQuery(cleaned);
}

/** One pass, whatever the text: a pattern for all of it would take time by the square of its length. */
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
 * A text with every web address in it redacted. Lines of a Dockerfile may have a token in one.
 * @example redactUrls('ADD https://me:token@host/app.git /src') // 'ADD https://host/app.git /src'
 */
export function redactUrls(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s'"<>]+/gi, (url) => redactUrl(url));
}
