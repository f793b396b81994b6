import { access, constants } from 'node:fs/promises';
import { Hono } from 'hono';
import type { Daemon } from '../daemon.ts';
import type { Metrics } from '../metrics.ts';

/** Answers orchestrators and Prometheus. */
export function healthRoutes(daemon: Daemon, metrics: Metrics): Hono {
  return new Hono()
    .get('/healthz', (context) => context.text('ok\n'))
    .get('/readyz', async (context) => {
      try {
        await access(daemon.config.directory, constants.W_OK);
        return context.text('ready\n');
      } catch {
        return context.text('the directory is not writable\n', 503);
      }
    })
    .get('/metrics', async (context) =>
      context.body(await metrics.read(), 200, { 'content-type': metrics.contentType }),
    );
}
