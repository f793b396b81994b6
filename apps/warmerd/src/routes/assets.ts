import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Context, Hono } from 'hono';

/** The files of the chart library, which the dashboard loads. */
export function assetRoutes(): Hono {
  return new Hono()
    .get('/uplot.js', (context) =>
      serveFile(context, import.meta.resolve('uplot/dist/uPlot.iife.min.js'), 'text/javascript; charset=utf-8'),
    )
    .get('/uplot.css', (context) =>
      serveFile(context, import.meta.resolve('uplot/dist/uPlot.min.css'), 'text/css; charset=utf-8'),
    );
}

async function serveFile(context: Context, url: string, type: string): Promise<Response> {
  const text = await readFile(fileURLToPath(url), 'utf8');
  return context.body(text, 200, { 'content-type': type, 'cache-control': 'public, max-age=86400' });
}
