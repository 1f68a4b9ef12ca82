/** STOW-RS requests of bare bytes, which may be wrong in any way (PS3.18 10.5). */
import { request } from 'node:http';

const HEADERS = { 'content-type': 'multipart/related; type="application/dicom"; boundary=x' };
const PART_HEAD = '--x\r\nContent-Type: application/dicom\r\n\r\n';

/** A body of one part. */
export function bodyOf(part: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(PART_HEAD), part, Buffer.from('\r\n--x--\r\n')]);
}

/** Posts a body to `/studies`, or to the study named. */
export function postStow(httpPort: number, body: Uint8Array, study?: string): Promise<Response> {
  const path = study === undefined ? 'studies' : `studies/${study}`;
  return fetch(`http://127.0.0.1:${httpPort}/dicom-web/${path}`, { method: 'POST', headers: HEADERS, body });
}

/** Begins a request whose connection ends within its first part; resolves when it has. */
export function breakOffStow(httpPort: number, part: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const headers = { ...HEADERS, 'content-length': 1_000_000 };
    const sent = request({ host: '127.0.0.1', port: httpPort, method: 'POST', path: '/dicom-web/studies', headers });
    sent.on('error', () => undefined).on('close', resolve);
    sent.write(Buffer.concat([Buffer.from(PART_HEAD), part]), () => sent.destroy());
  });
}
