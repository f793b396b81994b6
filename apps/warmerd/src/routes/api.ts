import { createHmac } from 'node:crypto';
import { formatReference, parseReference } from '@shale/core';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { bearerToken, isSameSecret } from '../authorise.ts';
import type { Daemon, DaemonEvent } from '../daemon.ts';
import { parsePushes } from '../push.ts';
import { readSecret } from '../read-secret.ts';
import { formatEvent } from '../format-event.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_RUNS = 1000;
const PING_MS = 15_000;

const warmRequest = z.strictObject({
  schedules: z.array(z.string()).optional(),
  images: z.array(z.string()).optional(),
  wait: z.boolean().default(false),
});

/** The API for programs. */
export function apiRoutes(daemon: Daemon): Hono {
  return new Hono()
    .use(bodyLimit({ maxSize: MAX_BODY_BYTES }))
    .get('/images', async (context) => context.json(await daemon.status()))
    .get('/runs', (context) => {
      const limit = Number(context.req.query('limit') ?? 100);
      return context.json({ runs: daemon.history.runs(Math.min(Math.max(Math.trunc(limit) || 1, 1), MAX_RUNS)) });
    })
    .get('/events', (context) => streamEvents(context, daemon))
    .post('/warm', (context) => startRun(context, daemon))
    .post('/hooks/registry', (context) => takeNotification(context, daemon));
}

/** Starts runs. Programs send JSON and a bearer token. The dashboard sends a form, and is redirected to its page. */
async function startRun(context: Context, daemon: Daemon): Promise<Response> {
  const isForm = context.req.header('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false;
  const form = isForm ? await context.req.parseBody() : undefined;
  const given = bearerToken(context.req.header('authorization')) ?? form?.['token'];
  const token = await readSecret(daemon.config.tokenFile);
  if (token === undefined) return context.json({ error: 'The config has no tokenFile, so no run can be started' }, 403);
  if (typeof given !== 'string' || !isSameSecret(given, token)) {
    if (isForm) return context.redirect('/?warm=refused', 303);
    return context.json({ error: 'Wrong or missing token' }, 401, { 'www-authenticate': 'Bearer' });
  }
  const asked = form === undefined ? parseJson((await context.req.text()) || '{}') : requestOf(form);
  if (asked === undefined) return context.json({ error: 'The body is not JSON, so nothing was started' }, 400);
  const body = warmRequest.safeParse(asked);
  if (!body.success) return context.json({ error: z.prettifyError(body.error) }, 400);
  const { wait, images, schedules } = body.data;
  const request = { schedules, images: images?.map(fullName) };
  const runs = await daemon.startRuns('request', request);
  if (isForm) return context.redirect(runs === undefined ? '/?warm=absent' : '/?warm=started', 303);
  if (runs === undefined) return context.json({ error: 'No such schedule, or no schedule names the image' }, 404);
  return wait ? context.json({ runs: await Promise.all(runs) }) : context.json({ accepted: true }, 202);
}

function requestOf(form: Readonly<Record<string, unknown>>): object {
  const named = (value: unknown) => (typeof value === 'string' && value !== '' ? [value] : undefined);
  return { schedules: named(form['schedule']), images: named(form['image']) };
}

/** The full name of an image; a schedule may name it by a short one. */
function fullName(image: string): string {
  try {
    return formatReference(parseReference(image));
  } catch {
    return image;
  }
}

/**
 * Starts runs for the images that were pushed. The notification is signed as GitHub signs, with `X-Hub-Signature-256:
 * sha256=<hex>` over the body, or carries the secret as a bearer token.
 */
async function takeNotification(context: Context, daemon: Daemon): Promise<Response> {
  const secret = await readSecret(daemon.config.webhookSecretFile);
  if (secret === undefined) return context.json({ error: 'The config has no webhookSecretFile' }, 403);
  const text = await context.req.text();
  const signature = context.req.header('x-hub-signature-256') ?? '';
  const expected = `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
  const token = bearerToken(context.req.header('authorization')) ?? '';
  if (!isSameSecret(signature, expected) && !isSameSecret(token, secret))
    return context.json({ error: 'Bad signature' }, 401);
  const pushes = parsePushes(parseJson(text));
  if (pushes === undefined)
    return context.json({ error: 'Not a notification of CNCF distribution, Harbor, Docker Hub or Quay' }, 400);
  return context.json({ images: await daemon.warmPushed(pushes) }, 202);
}

/** @returns `undefined` for a text that is not JSON */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function streamEvents(context: Context, daemon: Daemon): Response {
  return streamSSE(context, async (stream) => {
    const send = (event: DaemonEvent) => void stream.writeSSE({ event: event.type, data: formatEvent(event) });
    daemon.events.on('event', send);
    stream.onAbort(() => void daemon.events.off('event', send));
    while (!stream.aborted && !stream.closed) {
      await stream.write(': ping\n\n');
      await stream.sleep(PING_MS);
    }
  });
}
