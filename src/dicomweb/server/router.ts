/** The archive's DICOMweb face (PS3.18 chapter 10): QIDO-RS, WADO-RS and STOW-RS over an ArchivePort. */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { AnteroomError, toAnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { handleBulkData } from './bulkdata.js';
import { crossOrigin } from './cross-origin.js';
import { handleFrames } from './frames.js';
import type { ArchivePort } from './port.js';
import { searchInstances, searchSeries, searchStudies, type SearchResult } from './qido.js';
import { parseQidoQuery, type QidoQuery, type QueryLevel } from './qido-query.js';
import { DICOM_JSON, idsOf, queryOf, requireJsonAccepted, warn } from './respond.js';
import { handleRendered, handleThumbnail } from './rendered.js';
import { handleStow } from './stow.js';
import { handleMetadata, handleRetrieve } from './wado.js';

export interface DicomWebRouterOptions {
  /** What RetrieveURLs begin with, where a proxy stands in front; else it is taken from each request. */
  readonly baseUrl?: string;
  /** Origins whose pages may use the service; none unless told. */
  readonly corsOrigins?: readonly string[];
  readonly log: Logger;
}

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;

/** A router to be mounted at the service's base, `/dicom-web`. It answers every failure itself, as JSON with code, message and remedy. */
export function dicomWebRouter(port: ArchivePort, options: DicomWebRouterOptions): express.Router {
  const { log } = options;
  const baseOf = (request: Request): string =>
    options.baseUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.get('host') ?? 'localhost'}${request.baseUrl}`;
  const search = (
    level: QueryLevel,
    find: (request: Request, query: QidoQuery, baseUrl: string) => Promise<SearchResult>,
  ): RequestHandler => {
    return (request, response) => answerSearch(request, response, level, (query) => find(request, query, baseOf(request)));
  };
  const series = search('series', (request, query, baseUrl) => searchSeries(port, idsOf(request), query, baseUrl));
  const instances = search('instance', (request, query, baseUrl) => searchInstances(port, idsOf(request), query, baseUrl));
  const stow: RequestHandler = (request, response) => handleStow(request, response, port, baseOf(request), log);

  const router = express.Router();
  router.use(crossOrigin(options.corsOrigins ?? []));
  router
    .route('/studies')
    .get(search('study', (_request, query, baseUrl) => searchStudies(port, query, baseUrl)))
    .post(stow)
    .all(notAllowed('GET, HEAD, POST'));
  router
    .route(STUDY)
    .get((request, response) => handleRetrieve(request, response, port, log))
    .post(stow)
    .all(notAllowed('GET, HEAD, POST'));
  router.get(['/series', `${STUDY}/series`], series);
  router.get(['/instances', `${STUDY}/instances`, `${SERIES}/instances`], instances);
  router.get([SERIES, INSTANCE], (request, response) => handleRetrieve(request, response, port, log));
  router.get([`${STUDY}/metadata`, `${SERIES}/metadata`, `${INSTANCE}/metadata`], (request, response) =>
    handleMetadata(request, response, port, baseOf(request), log),
  );
  router.get(`${INSTANCE}/frames/:frames`, (request, response) => handleFrames(request, response, port, log));
  const drawable = [STUDY, SERIES, INSTANCE, `${INSTANCE}/frames/:frames`];
  router.get(
    drawable.map((path) => `${path}/rendered`),
    (request, response) => handleRendered(request, response, port, baseOf(request), log),
  );
  router.get(
    drawable.map((path) => `${path}/thumbnail`),
    (request, response) => handleThumbnail(request, response, port),
  );
  router.get(`${INSTANCE}/bulkdata/*place`, (request, response) => handleBulkData(request, response, port, log));
  router.use((request) => {
    throw new AnteroomError('NOT_FOUND', `no DICOMweb resource for ${request.method} at this path`);
  });
  router.use(answerFailure(log));
  return router;
}

async function answerSearch(
  request: Request,
  response: Response,
  level: QueryLevel,
  find: (query: QidoQuery) => Promise<SearchResult>,
): Promise<void> {
  requireJsonAccepted(request);
  const query = parseQidoQuery(queryOf(request), level);
  const { headers, cut } = await find(query);
  if (query.fuzzyAsked) warn(response, 'fuzzymatching is not supported; only literal matching has been performed');
  if (cut) warn(response, 'there are more results; ask for them with offset');
  if (headers.length === 0) response.status(204).end();
  else response.status(200).type(DICOM_JSON).send(JSON.stringify(headers));
}

function notAllowed(allow: string): RequestHandler {
  return (request, response) => {
    response
      .status(405)
      .set('Allow', allow)
      .json({ message: `${request.method} is not possible here` });
  };
}

function answerFailure(log: Logger): ErrorRequestHandler {
  return (thrown: unknown, _request, response, next) => {
    const error = isUrlError(thrown) ? new AnteroomError('QUERY_INVALID', 'the path is not well encoded') : toAnteroomError(thrown);
    if (error.httpStatus >= 500) log.error('DICOMweb request failed', { code: error.code, seen: error.seen, stack: error.stack });
    if (response.headersSent) {
      next(thrown);
      return;
    }
    response.status(error.httpStatus).json({ code: error.code, message: error.message, remedy: error.remedy });
  };
}

/** Express throws this for `%` without two digits. */
function isUrlError(thrown: unknown): boolean {
  return thrown instanceof URIError || (thrown as { status?: unknown } | undefined)?.status === 400;
}
