const SECRET_QUERY = /([?&](?:[^=&#]*(?:token|signature|sig|secret|password|credential|key)[^=&#]*)=)[^&#\s]*/gi;

/** A URL without its password and without the values of query parameters that carry a right, as signed CDN links do. */
export function redactUrl(url: string | URL): string {
  const text = String(url);
  const scheme = text.indexOf('://');
  const authorityEnd = scheme < 0 ? -1 : text.slice(scheme + 3).search(/[/?#]/);
  const authority = scheme < 0 ? '' : text.slice(scheme + 3, authorityEnd < 0 ? undefined : scheme + 3 + authorityEnd);
  const at = authority.lastIndexOf('@');
  const cleaned = at < 0 ? text : text.slice(0, scheme + 3) + text.slice(scheme + 3 + at + 1);
  return cleaned.replace(SECRET_QUERY, '$1***');
}

/**
 * A text with every web address in it redacted. Lines of a Dockerfile may have a token in one.
 * @example redactUrls('ADD https://me:token@host/app.git /src') // 'ADD https://host/app.git /src'
 */
export function redactUrls(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s'"<>]+/gi, (url) => redactUrl(url));
}
