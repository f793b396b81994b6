import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ignoreMatcher } from '../ignore-matcher.ts';
import { parseDockerfile } from '../parse.ts';
import { lint } from './lint.ts';
import type { LintOptions } from './lint-options.ts';
import { lintRules } from './rules.ts';

const docs = fileURLToPath(new URL('docs/', import.meta.url));

/** What the pages' examples take for given. */
const FACTS: Readonly<Record<string, LintOptions>> = {
  InvalidBaseImagePlatform: { baseImage: () => ({ platform: 'linux/arm64' }) },
  CopyIgnoredFile: { ignores: ignoreMatcher(['node_modules']).ignores },
};

interface Page {
  readonly title: string;
  readonly output: string;
  readonly bad: string;
  readonly good: string;
}

function readPage(file: string): Page {
  const text = readFileSync(docs + file, 'utf8');
  const [, title = ''] = /^# (.*)\n/.exec(text) ?? [];
  const block = (heading: string) =>
    new RegExp(`\\n## ${heading}\\n[^]*?\`\`\`\\w+\\n([^]*?)\`\`\``).exec(text)?.[1] ?? '';
  expect(text.match(/^## .*$/gm)).toEqual(['## Output', '## Description', '## Bad', '## Good']);
  return { title, output: block('Output').trimEnd(), bad: block('Bad'), good: block('Good') };
}

const messagesOf = (rule: string, text: string) =>
  lint(parseDockerfile(text), { check: `experimental=${rule}`, ...FACTS[rule] })
    .filter((finding) => finding.rule === rule)
    .map(({ message }) => message);

describe('the pages of the rules', () => {
  it('are one a rule, named as its address', () => {
    const files = lintRules.map(({ url }) => `${url.split('/').at(-2)}.md`);
    expect(readdirSync(docs).toSorted()).toEqual(files.toSorted());
    expect(lintRules).toHaveLength(22);
  });

  it.each(lintRules.map(({ name, url }) => [name, `${url.split('/').at(-2)}.md`]))(
    'lint() finds what the page of %s calls bad, and not what it calls good',
    (name, file) => {
      const page = readPage(file);
      expect(page.title).toBe(name);
      expect(messagesOf(name, page.bad)).toEqual([page.output]);
      expect(messagesOf(name, page.good)).toEqual([]);
    },
  );
});

it('lintRules have the addresses of Docker', () => {
  const urls = new Map(lintRules.map(({ name, url }) => [name, url]));
  const base = 'https://docs.docker.com/go/dockerfile/rule/';
  expect(urls.get('JSONArgsRecommended')).toBe(`${base}json-args-recommended/`);
  expect(urls.get('SecretsUsedInArgOrEnv')).toBe(`${base}secrets-used-in-arg-or-env/`);
  expect(urls.get('FromPlatformFlagConstDisallowed')).toBe(`${base}from-platform-flag-const-disallowed/`);
});
