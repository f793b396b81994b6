/** One authentication scheme that a registry offers in `WWW-Authenticate`. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const SPACE = /[ \t]/;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]/;
const MAX_CHALLENGES = 16;
/** More than any server sends, and than HTTP clients accept. */
const MAX_HEADER_CHARACTERS = 64 * 1024;

/**
 * Reads every challenge of one or several header values, in one pass without backtracking.
 * Skips what it cannot read: a registry may offer a known scheme beside an unknown one.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string | readonly string[] | undefined): readonly Challenge[] {
  return [header ?? []].flat().flatMap((value) => new ChallengeReader(value.slice(0, MAX_HEADER_CHARACTERS)).read());
}

/** Bearer before Basic, as the registries that offer both expect. */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  const usable = challenges.filter(({ scheme, parameters }) => scheme === 'basic' || parameters['realm'] !== undefined);
  return usable.find(({ scheme }) => scheme === 'bearer') ?? usable.find(({ scheme }) => scheme === 'basic');
}

class ChallengeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Challenge[] {
    const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
    while (this.#at < this.#text.length && challenges.length < MAX_CHALLENGES) {
      this.#skip((char) => SPACE.test(char) || char === ',');
      const word = this.#take((char) => TOKEN.test(char));
      if (word === '') {
        this.#at += 1;
        continue;
      }
      this.#skip((char) => SPACE.test(char));
      if (this.#text[this.#at] !== '=') {
        challenges.push({ scheme: word.toLowerCase(), parameters: Object.create(null) });
        continue;
      }
      this.#at += 1;
      this.#skip((char) => SPACE.test(char));
      const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#take((char) => TOKEN.test(char));
      const parameters = challenges.at(-1)?.parameters;
      if (parameters) parameters[word.toLowerCase()] ??= value;
    }
    return challenges;
  }

  #take(matches: (char: string) => boolean): string {
    const start = this.#at;
    this.#skip(matches);
    return this.#text.slice(start, this.#at);
  }

  #skip(matches: (char: string) => boolean): void {
    while (this.#at < this.#text.length && matches(this.#text[this.#at] as string)) this.#at += 1;
  }

  #quoted(): string {
    const parts: string[] = [];
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') this.#at += 1;
      parts.push(this.#text[this.#at] ?? '');
      this.#at += 1;
    }
    this.#at += 1;
    return parts.join('');
  }
}
