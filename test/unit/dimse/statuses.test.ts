import { errorOfReject, errorOfStatus, isStored } from '../../../src/dimse/statuses.js';

describe('C-STORE statuses', () => {
  it.each([0x0000, 0xb000, 0xb006, 0xb007, 0x0001, 0x0107, 0x0116, 0x0111])('%p: the peer has the instance', (status) => {
    expect(isStored(status)).toBe(true);
  });

  it.each([
    [0xa700, 'DESTINATION_BUSY'],
    [0xa701, 'DESTINATION_BUSY'],
    [0x0110, 'DESTINATION_BUSY'],
    [0x0213, 'DESTINATION_BUSY'],
    [0x0122, 'DESTINATION_REFUSED'],
    [0x0124, 'DESTINATION_REFUSED'],
    [0xa900, 'DESTINATION_REFUSED'],
    [0xc123, 'DESTINATION_REFUSED'],
  ])('%p is %s', (status, code) => {
    expect(isStored(status)).toBe(false);
    expect(errorOfStatus(status, 'C-STORE').code).toBe(code);
  });

  it('says the status in hexadecimal, in words, and what the peer remarked', () => {
    expect(errorOfStatus(0xa900, 'C-STORE', 'no such class').seen).toBe(
      'C-STORE was answered with status 0xA900 (data set does not match SOP class): no such class',
    );
  });

  it('does not repeat values of the data set that the peer remarks on, for it reaches logs', () => {
    const { seen } = errorOfStatus(0xa900, 'C-STORE', 'Patient DOE^JANE with ID 12345678 is not "Roe"');
    expect(seen).toMatch(/: Patient … with ID … is not …$/);
  });
});

describe('A-ASSOCIATE-RJ', () => {
  it('is a matter of settings where it is permanent and busy where it is transient, with the reason in words', () => {
    expect(errorOfReject({ result: 1, source: 1, reason: 7 }, 'PACS', 'US')).toMatchObject({
      code: 'DESTINATION_SETTINGS',
      seen: 'association rejected (permanent): called AE title not recognized; called AE title "PACS", calling "US"',
    });
    expect(errorOfReject({ result: 2, source: 3, reason: 2 }, 'PACS', 'US')).toMatchObject({
      code: 'DESTINATION_BUSY',
      seen: expect.stringContaining('local limit exceeded') as unknown,
    });
  });
});
