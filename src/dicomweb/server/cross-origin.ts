/** Pages of other origins (the Fetch standard's CORS protocol), and what OPTIONS answers. */
import type { RequestHandler } from 'express';

const PREFLIGHT_SECONDS = '600';
/** What a page may read beside the few headers that it always may. */
const EXPOSED = 'Content-Location, Content-Length, ETag, Warning';
const TAKEN = 'Accept, Content-Type, If-None-Match';

/** Lets pages of these origins, named as browsers name them, use the service. OPTIONS is answered here, for everyone. */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  const known = new Set(origins);
  return (request, response, next) => {
    const origin = request.get('origin');
    if (known.size > 0) response.vary('Origin');
    const welcome = origin !== undefined && known.has(origin);
    if (welcome) response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED });
    if (request.method !== 'OPTIONS') {
      next();
      return;
    }
    const methods = /^\/studies(\/[^/]+)?\/?$/.test(request.path) ? 'GET, HEAD, OPTIONS, POST' : 'GET, HEAD, OPTIONS';
    if (welcome)
      response.set({
        'Access-Control-Allow-Methods': methods,
        'Access-Control-Allow-Headers': TAKEN,
        'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      });
    response.status(204).set('Allow', methods).end();
  };
}
