/** The JSON events with which an engine tells how far a build or a load is. */
import type Docker from 'dockerode';

/** Follows them to their end: the engine's words where it failed, which it tells with a status of success. */
export function failureAmong(docker: Docker, events: NodeJS.ReadableStream): Promise<string | undefined> {
  return new Promise((done, failed) => {
    docker.modem.followProgress(events, (error: Error | null, all: { error?: string }[]) => {
      if (error) failed(error);
      else done(all.find((event) => event.error !== undefined)?.error);
    });
  });
}
