/**
 * Structured logging. Messages are static; values go into fields, and only fields of the list below get out:
 * a field that may hold patient data cannot be logged by mistake.
 */
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import winston from 'winston';
import { makeFolders } from './folders.js';

/** The fields that may leave the process. UIDs are pseudonyms and needed to follow a study; names, ids and dates of patients never are. */
const ALLOWED_FIELDS = [
  'aeTitle',
  'calledAe',
  'callingAe',
  'address',
  'port',
  'url',
  'associationId',
  'durationMs',
  'dueAt',
  'sizeBytes',
  'count',
  'freeBytes',
  'studyInstanceUid',
  'seriesInstanceUid',
  'sopInstanceUid',
  'sopClassUid',
  'transferSyntaxUid',
  'table',
  'id',
  'from',
  'to',
  'code',
  'kind',
  'seen',
  'remedy',
  'status',
  'signal',
  'rule',
  'revision',
  'model',
  'digest',
  'run',
  'attempt',
  'container',
  'exitCode',
  'destination',
  'delivery',
  'result',
  'version',
  'study',
  'file',
  'line',
  'path',
  'stack',
  'progress',
  'event',
] as const;

export type LogField = (typeof ALLOWED_FIELDS)[number];
export type LogFields = Partial<Record<LogField, string | number | boolean | null | undefined>>;
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

const allowed = new Set<string>(['level', 'message', 'timestamp', 'room', ...ALLOWED_FIELDS]);

const dropUnlisted = winston.format((info) => {
  for (const key of Object.keys(info)) if (!allowed.has(key)) delete info[key];
  return info;
});

const root = winston.createLogger({
  level: process.env.ANTEROOM_LOG_LEVEL ?? 'info',
  format: winston.format.combine(dropUnlisted(), winston.format.timestamp(), winston.format.json()),
  transports: [new winston.transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] })],
});

/** Sets the level of every logger of this thread; `silent` turns them off (the demo prints its own lines). */
export function setLogLevel(level: LogLevel | 'silent'): void {
  root.silent = level === 'silent';
  if (level !== 'silent') root.level = level;
}

/** Also writes every line to this file, which is rotated at 20 MB and kept five times. Throws FOLDER_UNUSABLE. */
export function logToFile(path: string): void {
  // Not by winston, which makes it with `recursive` (see there).
  makeFolders(dirname(path));
  root.add(new winston.transports.File({ filename: path, maxsize: 20 * 1024 * 1024, maxFiles: 5, tailable: true }));
}

/** Hands every line of this thread to `relay` instead of writing it: a log file that is rotated bears only one writer. */
export function relayLog(relay: (line: string) => void): void {
  const stream = new Writable({
    write: (line, _encoding, done) => {
      relay(String(line));
      done();
    },
  });
  root.clear().add(new winston.transports.Stream({ stream }));
}

/** Writes a line that another thread handed over. */
export function writeRelayedLog(line: string): void {
  root.write(JSON.parse(line));
}

/** The logger of one room of the house. */
export function loggerOf(room: string): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    root.log(level, message, { room, ...fields });
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
