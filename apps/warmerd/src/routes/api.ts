import { createHmac } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { bearerToken, isSameSecret } from '../authorise.ts';
import type { Daemon, DaemonEvent } from '../daemon.ts';
import { readSecret } from '../read-secret.ts';
import { formatEvent } from '../format-event.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_RUNS = 1000;
const PING_MS = 15_000;

const warmRequest = z.strictObject({ schedules: z.array(z.string()).optional(), wait: z.boolean().default(false) });
/** As CNCF distribution and Harbor's like send it: only that something was pushed matters here. */
const notification = z.looseObject({
  events: z
    .array(z.looseObject({ action: z.string().optional() }))
    .max(1000)
    .optional(),
});

/** What programs ask and tell. */
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

async function startRun(context: Context, daemon: Daemon): Promise<Response> {
  const isForm = context.req.header('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false;
  const form = isForm ? await context.req.parseBody() : undefined;
  const given = bearerToken(context.req.header('authorization')) ?? form?.['token'];
  const token = await readSecret(daemon.config.tokenFile);
  if (token === undefined) return context.json({ error: 'No tokenFile is configured, so nothing can be started' }, 403);
  if (typeof given !== 'string' || !isSameSecret(given, token)) {
    return context.json({ error: 'Wrong or missing token' }, 401, { 'www-authenticate': 'Bearer' });
  }
  const body = warmRequest.safeParse(
    isForm ? schedulesOf(form?.['schedule']) : await context.req.json().catch(() => ({})),
  );
  if (!body.success) return context.json({ error: z.prettifyError(body.error) }, 400);
  const running = daemon.warm('request', body.data.schedules);
  if (running === undefined) return context.json({ error: 'There is no such schedule' }, 404);
  running.catch(() => undefined); // runs report their failures themselves
  if (isForm) return context.redirect('/', 303);
  return body.data.wait ? context.json({ runs: await running }) : context.json({ accepted: true }, 202);
}

function schedulesOf(value: unknown): object {
  return typeof value === 'string' && value !== '' ? { schedules: [value] } : {};
}

/** Signed as GitHub signs: `X-Hub-Signature-256: sha256=<hex>` over the body; or with the secret as a bearer token. */
async function takeNotification(context: Context, daemon: Daemon): Promise<Response> {
  const secret = await readSecret(daemon.config.webhookSecretFile);
  if (secret === undefined) return context.json({ error: 'No webhookSecretFile is configured' }, 403);
  const text = await context.req.text();
  const signature = context.req.header('x-hub-signature-256') ?? '';
  const expected = `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
  const token = bearerToken(context.req.header('authorization')) ?? '';
  if (!isSameSecret(signature, expected) && !isSameSecret(token, secret))
    return context.json({ error: 'Bad signature' }, 401);
  const body = notification.safeParse(parseJsonText(text));
  if (!body.success) return context.json({ error: 'Not a notification' }, 400);
  const events = body.data.events;
  const isPush = events === undefined || events.some(({ action }) => action === 'push');
  if (isPush) daemon.warm('webhook')?.catch(() => undefined);
  return context.json({ accepted: isPush }, 202);
}

function parseJsonText(text: string): unknown {
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
