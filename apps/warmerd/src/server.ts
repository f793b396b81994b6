import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { isAllowedHost } from './allowed-host.ts';
import type { Daemon } from './daemon.ts';
import { page } from './dashboard/page.ts';
import type { Metrics } from './metrics.ts';
import { readSecret } from './read-secret.ts';
import { apiRoutes } from './routes/api.ts';
import { assetRoutes } from './routes/assets.ts';
import { healthRoutes } from './routes/health.ts';
import { registryRoutes } from './routes/registry.ts';

const SHOWN_RUNS = 100;

/** The daemon's HTTP server: health, API, registry and dashboard. */
export function createServer(daemon: Daemon, metrics: Metrics): Hono {
  const server = new Hono();
  server.use(secureHeaders({ xFrameOptions: 'DENY' }));
  server.use(async (context, next) => {
    const host = context.req.header('host');
    if (isAllowedHost(host, daemon.config.hosts)) return next();
    return context.json({ error: `The host ${JSON.stringify(host ?? '')} is not among the configured hosts` }, 403);
  });
  server.route('/', healthRoutes(daemon, metrics));
  server.route('/api', apiRoutes(daemon));
  server.route('/assets', assetRoutes());
  server.route('/', registryRoutes(daemon));
  server.get('/', async (context) => {
    const nonce = randomBytes(16).toString('base64');
    context.header(
      'content-security-policy',
      `default-src 'none'; style-src 'self' 'nonce-${nonce}'; script-src 'self' 'nonce-${nonce}'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
    context.header('cache-control', 'no-store');
    const hasToken = daemon.config.tokenFile !== undefined && (await readSecret(daemon.config.tokenFile)) !== undefined;
    const status = await daemon.status();
    const runs = daemon.history.runs(SHOWN_RUNS);
    const answer = context.req.query('warm');
    return context.html(page({ status, runs, hasToken, answer, nonce, nowMs: Date.now() }));
  });
  return server;
}
