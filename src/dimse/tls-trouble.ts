/** Why a TLS handshake failed, in the words of an administrator. OpenSSL's own words are codes of a fixed list: nothing of the peer's gets into them. */

export interface Trouble {
  readonly seen: string;
  readonly remedy: string;
}

const NOT_TLS: Trouble = {
  seen: 'what came is not TLS, likely DICOM without it; expected a TLS handshake',
  remedy: 'Turn TLS on at the sender, or send to a listener without it.',
};

/** What OpenSSL says, and what it means here. */
const TROUBLES: readonly (readonly [RegExp, Trouble])[] = [
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER|BAD_RECORD_TYPE|UNEXPECTED_MESSAGE$/, NOT_TLS],
  [
    /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|PROTOCOL_VERSION/,
    {
      seen: 'the sender offers no TLS version that is taken; expected TLS 1.2 or 1.3',
      remedy: 'Have the sender use TLS 1.2 or 1.3 (BCP 195).',
    },
  ],
  [
    /NO_SHARED_CIPHER/,
    {
      seen: 'the sender offers no cipher suite that is taken; expected one that BCP 195 recommends',
      remedy: 'Have the sender use ECDHE with AES-GCM, or TLS 1.3.',
    },
  ],
  [
    /PEER_DID_NOT_RETURN_A_CERTIFICATE/,
    {
      seen: 'the sender showed no certificate; expected one of the CA in `tls.ca`',
      remedy: 'Give the sender a certificate, or set `tls.clientCertificates: none` if encryption without it is enough.',
    },
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/,
    {
      seen: "the sender refused this node's certificate",
      remedy: "Give the sender the CA of this node's certificate, and check name and date of the certificate (`anteroom doctor`).",
    },
  ],
  [
    /HANDSHAKE_TIMEOUT/,
    { seen: 'no handshake within the time for it', remedy: 'Check that the sender speaks TLS to this port, and the network between.' },
  ],
  [
    /ECONNRESET|EPIPE/,
    {
      seen: 'the sender closed the connection during the handshake',
      remedy: "Look at the sender's log: most often it does not trust our certificate.",
    },
  ],
];

/** Of the sender's certificate, as OpenSSL checked it. */
const CERTIFICATE_TROUBLES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  CERT_REVOKED: 'is revoked',
};

/** What is said of a failed handshake; `authorizationError` is what was wrong with the sender's certificate, if that was the matter. */
export function handshakeTrouble(error: NodeJS.ErrnoException, authorizationError?: Error | string | null): Trouble {
  const ofCertificate = authorizationError instanceof Error ? (authorizationError as NodeJS.ErrnoException).code : authorizationError;
  if (ofCertificate) {
    const what = CERTIFICATE_TROUBLES[ofCertificate] ?? 'is not of a CA in `tls.ca`';
    return {
      seen: `the sender's certificate ${what} (${ofCertificate})`,
      remedy: 'Give the sender a valid certificate of that CA, or add its CA to `tls.ca`.',
    };
  }
  const code = error.code ?? 'no code';
  const known = TROUBLES.find(([pattern]) => pattern.test(code))?.[1];
  return (
    known ?? { seen: `the handshake failed (${code})`, remedy: "Check versions, cipher suites and certificates on the sender's side." }
  );
}
