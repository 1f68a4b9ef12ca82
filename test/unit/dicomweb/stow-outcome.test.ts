import { quotableAnswer, retryAfterMs, wireFailure } from '../../../src/dicomweb/client/failures.js';
import { stowAnswer, stowStatus, type PartOutcome } from '../../../src/dicomweb/server/stow.js';
import { readStowAnswer } from '../../../src/dicomweb/client/stow-answer.js';
import { AnteroomError } from '../../../src/foundation/errors.js';

const stored: PartOutcome = { stored: { sopClassUid: '1.2', sopInstanceUid: '1.2.1', seriesInstanceUid: '1.5', studyInstanceUid: '1.4' } };
const conflict: PartOutcome = {
  failed: new AnteroomError('INSTANCE_CONFLICT', ''),
  names: { sopClassUid: '1.2', sopInstanceUid: '1.2.2' },
};
const diskLow: PartOutcome = { failed: new AnteroomError('DISK_LOW', ''), names: { sopClassUid: '1.2', sopInstanceUid: '1.2.3' } };
const nameless: PartOutcome = { failed: new AnteroomError('DICOM_NOT_P10', '') };

describe('the answer to a STOW-RS request', () => {
  it('has the status of the whole', () => {
    expect(
      [[stored], [stored, conflict], [conflict, diskLow], [diskLow, diskLow], [nameless]].map((outcomes) => stowStatus(outcomes)),
    ).toEqual([200, 202, 409, 507, 409]);
  });

  it('names each instance with its reason, and what has no name apart', () => {
    const answer = stowAnswer([stored, conflict, diskLow, nameless], 'http://node/dicom-web');
    expect(answer['0008119A']?.Value).toEqual([{ '00081197': { vr: 'US', Value: [0xc000] } }]);
    expect(answer['00081190']?.Value).toEqual(['http://node/dicom-web/studies/1.4']);
    const read = readStowAnswer(JSON.stringify(answer));
    expect(read?.get('1.2.1')).toEqual({ stored: true });
    expect(read?.get('1.2.2')).toMatchObject({ stored: true, alreadyThere: true, failureReason: 0x0111 });
    expect(read?.get('1.2.3')).toMatchObject({ stored: false, failureReason: 0xa700 });
  });
});

describe('what a message may quote', () => {
  it.each([
    [
      'application/json',
      '{"Message":"Bad request","Details":"Patient \\"Doe^Jane\\" unknown","Uri":"/x"}',
      'Bad request; Patient … unknown',
    ],
    ['text/html', '<html><style>p{}</style><p>Wrong  credentials</p></html>', 'Wrong credentials'],
    ['text/plain', 'no room for Doe^Jane [19700101] 12345678 in study 1.2.840.113619', 'no room for … … … in study 1.2.840.113619'],
    ['application/dicom+json', '{"00100010":{}}', ''],
    [undefined, '{"00100010":{"Value":["x"]}}', ''],
  ])('%s %s', (type, body, quoted) => {
    expect(quotableAnswer(type, body)).toBe(quoted);
  });

  it('is short', () => {
    expect(quotableAnswer('text/plain', 'word '.repeat(1000)).length).toBeLessThanOrEqual(200);
  });
});

describe('retryAfterMs', () => {
  it('reads seconds and dates', () => {
    const now = Date.UTC(2026, 0, 1);
    expect([
      retryAfterMs('30', now),
      retryAfterMs(new Date(now + 5000).toUTCString(), now),
      retryAfterMs('soon', now),
      retryAfterMs(undefined, now),
    ]).toEqual([30_000, 5_000, undefined, undefined]);
  });
});

describe('wireFailure', () => {
  const broken = (code: string, stage: 'connecting' | 'sending' | 'answered', changesThings = true): string =>
    wireFailure(Object.assign(new Error(code), { code }), 'pacs:443', stage, changesThings).code;

  it('is unsure only where bytes of a store had begun to leave', () => {
    expect(['connecting', 'sending', 'answered'].map((stage) => broken('ECONNRESET', stage as 'sending'))).toEqual([
      'DESTINATION_UNREACHABLE',
      'DESTINATION_UNSURE',
      'DESTINATION_UNSURE',
    ]);
    expect(broken('ECONNRESET', 'answered', false)).toBe('DESTINATION_UNREACHABLE');
  });

  it('knows that a refused certificate means that nothing was taken', () => {
    expect(broken('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'sending')).toBe('DESTINATION_TLS');
    expect(broken('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'sending')).toBe('DESTINATION_UNSURE');
    expect(broken('CERT_HAS_EXPIRED', 'connecting')).toBe('DESTINATION_TLS');
  });
});
