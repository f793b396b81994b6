import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseReference } from '@shale/core';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import {
  type FaultProxy,
  faultProxy,
  type FaultRule,
  makeImage,
  startRegistry,
  type TestRegistry,
} from '@shale/testing';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { History } from '../../apps/warmerd/src/history.ts';
import { FAINT_TEXTS } from './faint-texts.ts';
import { type RunningDaemon, startWarmerDaemon } from '../src/warmer-daemon.ts';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const QUIET_FLAGS = ['--disable-background-networking', '--disable-component-update'];
const TOKEN = 'correct-horse';
/** Where to put pictures for the docs. */
const PICTURES = process.env['SHALE_PICTURES'];
const DESKTOP = { width: 1180, height: 900 };
const PHONE = { width: 390, height: 844 };
const HOUR_MS = 3_600_000;
const IMAGES = ['debian:bookworm', 'node:24', 'golang:1.25', 'python:3.14', 'alpine:3.22'];

const LIMITED: FaultRule = { path: /golang\/manifests/, method: 'HEAD', fault: { respond: { status: 429 } } };
const SLOW: FaultRule = { path: /python\/blobs/, fault: { bytesPerSecond: 1_000_000 } };

let registry: TestRegistry;
let proxy: FaultProxy;
let scratch: ScratchDirectory;
let daemon: RunningDaemon;
let browser: Browser;

async function push(image: string, megabytes: number): Promise<void> {
  await using client = createRegistryClient();
  const [repository = '', tag = ''] = image.split(':');
  const store = client.repository(parseReference(`${registry.host}/library/${repository}`));
  const layers = [{ data: randomBytes(megabytes * 1_000_000) }];
  await makeImage(store, { layers, tag, compression: 'none' });
}

/** Two days of an hourly schedule. */
function writeHistory(path: string): void {
  using history = new History(path);
  const startMs = Date.now() - 48 * HOUR_MS;
  for (let hour = 0; hour < 48; hour += 1) {
    const isNew = hour % 7 === 3;
    const isDown = hour > 20 && hour < 24;
    history.addRun({
      schedule: 'bases',
      trigger: hour % 7 === 3 ? 'webhook' : 'schedule',
      startedMs: startMs + hour * HOUR_MS,
      durationMs: isNew ? 9000 + hour * 130 : 400 + hour * 9,
      warmed: isNew ? 1 : 0,
      unchanged: isDown ? 3 : isNew ? 4 : 5,
      stale: isDown ? 2 : 0,
      failed: 0,
      fetchedBytes: isNew ? 4e6 + hour * 250_000 : 0,
      usedBytes: 12e6 + Math.floor((hour + 4) / 7) * 2_600_000,
      error: undefined,
    });
  }
}

async function open(path = '', options: BrowserContextOptions = {}): Promise<Page & AsyncDisposable> {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  const page = await context.newPage();
  await page.goto(daemon.url + path, { waitUntil: 'load' });
  return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() });
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  const fullPage = name === 'light' || name === 'dark';
  await page.screenshot({ path: join(PICTURES, `warmer-${name}.png`), fullPage });
}

async function warm(request: object): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(`${daemon.url}/api/warm`, { method: 'POST', body: JSON.stringify(request), headers });
  expect(answer.status).toBe(202);
}

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await faultProxy(registry.url);
  scratch = await openScratchDirectory();
  for (const [index, image] of IMAGES.entries()) await push(image, 2 + index);
  await writeFile(join(scratch.path, 'token'), TOKEN);
  writeHistory(join(scratch.path, 'history.sqlite'));
  const config = join(scratch.path, 'config.yaml');
  const schedules = [
    {
      name: 'bases',
      cron: '0 * * * *',
      jitter: '5m',
      timeZone: 'Europe/Berlin',
      platforms: ['linux/amd64'],
      images: IMAGES,
    },
    { name: 'nightly', cron: '30 3 * * *', platforms: ['linux/amd64'], images: ['alpine:3.22'] },
  ];
  const registries = { mirrors: { 'docker.io': [`http://${proxy.host}`] }, mirrorFallback: false };
  const more = { registries, schedules, history: 'history.sqlite', maxSize: '40MB', tokenFile: 'token' };
  await writeFile(config, stringify({ directory: 'images', listen: '127.0.0.1:0', ...more }));
  proxy.rules.push(LIMITED, { path: /python\/manifests/, fault: { respond: { status: 503 } } });
  daemon = await startWarmerDaemon(config);
  browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: [...FLAGS, ...QUIET_FLAGS] });
});
afterAll(async () => {
  await browser?.close();
  await daemon?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await scratch?.[Symbol.asyncDispose]();
});

describe('the dashboard of shale-warmerd', () => {
  it('shows what happens as it happens, without an error in the console', async () => {
    await using page = await open();
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    const python = page.getByRole('row', { name: /library\/python:3.14/ });
    await python.getByText('missing').waitFor();
    proxy.rules.splice(0, Infinity, LIMITED, SLOW);
    await warm({ images: ['python:3.14'] });
    await python.getByRole('progressbar').waitFor();
    await python.getByText(/pulling [2-9]\d %/).waitFor();
    await picture(page, 'pulling');
    await python.getByText('new').waitFor({ timeout: 60_000 });
    await expect.poll(() => page.locator('canvas').count()).toBe(2);
    expect(await page.getByRole('status').textContent()).toContain('1 of 5 images need attention.');
    expect(problems).toEqual([]);
  }, 90_000);

  it('keeps and names what the registry would not confirm', async () => {
    proxy.rules.splice(0);
    await using page = await open();
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Warm docker.io/library/golang:1.25 now' }).click();
    await page.getByRole('alert').filter({ hasText: 'Warming has started.' }).waitFor();
    const row = page.getByRole('row', { name: /golang/ });
    await row.getByText('new').waitFor();
    proxy.rules.push(LIMITED);
    expect(await page.getByLabel('Token').inputValue()).toBe(TOKEN);
    await page.getByRole('button', { name: 'Warm bases now' }).click();
    await row.getByText('kept').waitFor({ timeout: 60_000 });
    await page.getByText('429 Too Many Requests').waitFor();
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    expect(metrics).toMatch(/shale_warmer_image_up_to_date\{reference="docker.io\/library\/golang:1.25",[^}]*\} 0/);
    expect(metrics).toMatch(/shale_warmer_registry_failures_total\{registry="127[^"]*",reason="limited"\} \d/);
    await page.goto(daemon.url);
    await page.locator('canvas').nth(1).waitFor();
    await picture(page, 'light');
  }, 90_000);

  it('works without JavaScript', async () => {
    await using page = await open('', { javaScriptEnabled: false });
    expect(await page.getByRole('rowheader', { name: /library\// }).count()).toBe(IMAGES.length);
    expect(await page.locator('#charts').isVisible()).toBe(false);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Warm nightly now' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('The token is wrong');
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Warm nightly now' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('Warming has started.');
  });

  it('fits a phone, and the dark', async () => {
    await using page = await open('', { viewport: PHONE, colorScheme: 'dark', deviceScaleFactor: 1 });
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    const small = await page.evaluate(
      `[...document.querySelectorAll('button, input')].filter((each) => each.getBoundingClientRect().height < 44).length`,
    );
    expect(small).toBe(0);
    await picture(page, 'phone');
    await page.setViewportSize(DESKTOP);
    await page.reload();
    await page.locator('canvas').nth(1).waitFor();
    await picture(page, 'dark');
  });

  it.each(['light', 'dark'] as const)('can be read: %s', async (colorScheme) => {
    await using page = await open('', { colorScheme });
    expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
  });

  it('works with the keyboard and names everything for a screen reader', async () => {
    await using page = await open();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to images');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('images');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('warm-0');
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).toBe('solid');
    const unnamed = await page.evaluate(
      `[...document.querySelectorAll('button, input, progress, meter')]
        .filter((each) => !each.getAttribute('aria-label') && !each.textContent.trim()).map((each) => each.outerHTML)`,
    );
    expect(unnamed).toEqual([]);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
  });
});
