/** The two HTTP servers: administration on a unix socket that only this user may open, DICOMweb on a loopback port. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Router } from 'express';
import { InvalidFileError } from '../foundation/faults.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';

const log = loggerOf('api');

const answerError: ErrorRequestHandler = (thrown, request, response, next) => {
  const error = toAnteroomError(thrown);
  if (error.code === 'INTERNAL') log.error('request failed', { path: request.path, seen: error.seen, stack: error.stack });
  if (response.headersSent) {
    next(thrown);
    return;
  }
  const faults = error instanceof InvalidFileError ? error.faults : undefined;
  response.status(error.httpStatus).json({ code: error.code, message: error.message, remedy: error.remedy, faults });
};

/**
 * Serves `admin` on the unix socket (mode 0600). A socket left by a killed node is replaced: the folder's lock says that its
 * node is gone. Rejects with CONFIG_INVALID, such as for a path that is longer than the system takes.
 */
export async function serveAdmin(socketFile: string, admin: Router): Promise<() => Promise<void>> {
  rmSync(socketFile, { force: true });
  const server = createServer(express().disable('x-powered-by').use(admin).use(answerError));
  await listening(server, 'CONFIG_INVALID', () => server.listen(socketFile));
  chmodSync(socketFile, 0o600);
  return () => closed(server);
}

/** Serves the node's DICOMweb face below `/dicom-web`. Rejects with PORT_UNAVAILABLE where the port is taken. */
export async function serveDicomWeb(host: string, port: number, dicomWeb: Router): Promise<{ port: number; close: () => Promise<void> }> {
  const app = express().disable('x-powered-by');
  app.get('/', (_request, response) => response.type('text').send('Anteroom. DICOMweb is at /dicom-web\n'));
  app.use('/dicom-web', dicomWeb);
  app.use(answerError);
  const server = createServer(app);
  // A large study over a slow line takes longer than Node's 300 s; what stalls is cut by the server's own idle time.
  server.requestTimeout = 0;
  await listening(server, 'PORT_UNAVAILABLE', () => server.listen(port, host));
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

function listening(server: Server, refusal: 'CONFIG_INVALID' | 'PORT_UNAVAILABLE', listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (cause: NodeJS.ErrnoException) => reject(new AnteroomError(refusal, cause.message, { cause })));
    listen();
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
