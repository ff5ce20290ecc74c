import type { FastifyInstance } from 'fastify';

const YEAR_SECONDS = 31_536_000;

function policy(origin: string): string {
  // 'self' covers the socket in current browsers; older ones want it named.
  const socket = origin.replace(/^http/, 'ws');
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self' ${socket}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types sottovoce',
  ].join('; ');
}

/** On every answer: the page runs only what this relay serves, talks to nobody else, and is framed and opened by nobody. */
export function installSecurityHeaders(app: FastifyInstance, origin: () => string): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': policy(origin()),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(self), microphone=(self), geolocation=(), usb=(), serial=(), payment=(), browsing-topics=()',
    });
    if (origin().startsWith('https:')) reply.header('strict-transport-security', `max-age=${YEAR_SECONDS}`);
  });
}
