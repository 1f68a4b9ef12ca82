/** A private certificate authority with a server's and a client's certificate, made by openssl for one test. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Where the two lie, for programs. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority {
  readonly ca: string;
  readonly caFile: string;
  /** A certificate signed by this authority; `altName` as openssl writes it, `IP:127.0.0.1`; with negative `days` it has expired. */
  issue(name: string, altName?: string, days?: number): Certificate;
}

/** Makes an authority whose files lie in `folder`. */
export function makeAuthority(folder: string, name: string): Authority {
  const at = (file: string): string => join(folder, `${name}-${file}`);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', `/CN=${name}`, '-days', '2');
  return {
    ca: readFileSync(at('ca.pem'), 'utf8'),
    caFile: at('ca.pem'),
    issue: (subject, altName = 'IP:127.0.0.1', days = 2) => {
      const [key, request, cert, extensions] = [at(`${subject}.key`), at(`${subject}.csr`), at(`${subject}.crt`), at(`${subject}.ext`)];
      writeFileSync(extensions, `subjectAltName=${altName}\n`);
      openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${subject}`);
      openssl(
        'x509',
        '-req',
        '-in',
        request,
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
        '-out',
        cert,
        '-days',
        String(days),
        '-extfile',
        extensions,
      );
      return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), certFile: cert, keyFile: key };
    },
  };
}
