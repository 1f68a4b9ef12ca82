import type { AssociateRequest } from '../../../src/dimse/associate.js';
import { answerContexts, answerRoles, refusalOf } from '../../../src/dimse/negotiation.js';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const [IMPLICIT, EXPLICIT, J2K] = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.4.90'];

function answer(abstractSyntax: string, ...transferSyntaxes: string[]): [number, string] {
  const [answered] = answerContexts([{ id: 9, abstractSyntax, transferSyntaxes }]);
  expect(answered?.id).toBe(9);
  return [answered?.result ?? -1, answered?.transferSyntax ?? ''];
}

describe('presentation contexts', () => {
  it('takes the first transfer syntax of the sender that is known, compressed or not', () => {
    expect(answer(CT, J2K)).toEqual([0, J2K]);
    expect(answer(CT, J2K, EXPLICIT)).toEqual([0, J2K]);
    expect(answer(CT, '1.2.3.4', EXPLICIT, IMPLICIT)).toEqual([0, EXPLICIT]);
  });

  it('refuses a context without a transfer syntax that is known', () => {
    expect(answer(CT, '1.2.840.113619.5.2')).toEqual([4, '']);
    expect(answer(CT)).toEqual([4, '']);
    expect(answer(CT, '1.2.840.10008.1.2.4.94')).toEqual([4, '']); // JPIP: a web address, no pixels
  });

  it.each([
    ['Verification', '1.2.840.10008.1.1', 0],
    ['CT', CT, 0],
    ['segmentation', '1.2.840.10008.5.1.4.1.1.66.4', 0],
    ['a class that DICOM may add later', '1.2.840.10008.5.1.4.1.1.999.1', 0],
    ['a private class', '1.3.12.2.1107.5.9.1', 0],
    ['hanging protocol storage', '1.2.840.10008.5.1.4.38.1', 0],
    ['C-FIND, Study Root', '1.2.840.10008.5.1.4.1.2.2.1', 3],
    ['storage commitment', '1.2.840.10008.1.20.1', 3],
    ['MPPS', '1.2.840.10008.3.1.2.3.3', 3],
    ['worklist', '1.2.840.10008.5.1.4.31', 3],
    ['print', '1.2.840.10008.5.1.1.9', 3],
    ['inventory FIND, in the storage arc', '1.2.840.10008.5.1.4.1.1.201.2', 3],
    ['nothing', '', 3],
  ])('%s', (_what, abstractSyntax, result) => {
    expect(answer(abstractSyntax, IMPLICIT)[0]).toBe(result);
  });
});

describe('services that are offered', () => {
  const offered = new Set(['1.2.840.10008.1.20.1']);

  it('are taken in the syntaxes that we write, and with the roles that are proposed', () => {
    const context = { id: 1, abstractSyntax: '1.2.840.10008.1.20.1' };
    expect(answerContexts([{ ...context, transferSyntaxes: [J2K, IMPLICIT] }], offered)[0]).toMatchObject({
      result: 0,
      transferSyntax: IMPLICIT,
    });
    expect(answerContexts([{ ...context, transferSyntaxes: [J2K] }], offered)[0]).toMatchObject({ result: 4 });
    const roles = [
      { sopClassUid: '1.2.840.10008.1.20.1', scu: false, scp: true },
      { sopClassUid: CT, scu: true, scp: true },
    ];
    expect(answerRoles(roles, offered)).toEqual([roles[0]]);
  });
});

describe('refusals', () => {
  const request: AssociateRequest = {
    protocolVersion1: true,
    applicationContext: '1.2.840.10008.3.1.1.1',
    calledAe: 'ANTEROOM',
    callingAe: 'CT1',
    contexts: [],
    roles: [],
    maxPduBytes: 0,
  };
  const policy = { aeTitles: ['ANTEROOM', 'AI'], callingAeTitles: ['CT1'], maxAssociations: 2 } as const;
  const idle = { openAssociations: 0, closing: false };

  it('accepts what fits, and anything where anything is allowed', () => {
    expect(refusalOf(request, policy, idle)).toBeUndefined();
    expect(
      refusalOf({ ...request, calledAe: 'X', callingAe: 'Y' }, { ...policy, aeTitles: 'any', callingAeTitles: 'any' }, idle),
    ).toBeUndefined();
  });

  it.each([
    ['another called AE title', { calledAe: 'anteroom' }, idle, { result: 1, source: 1, reason: 7 }],
    ['another calling AE title', { callingAe: 'CT2' }, idle, { result: 1, source: 1, reason: 3 }],
    ['another application context', { applicationContext: '1.2' }, idle, { result: 1, source: 1, reason: 2 }],
    ['another protocol version', { protocolVersion1: false }, idle, { result: 1, source: 2, reason: 2 }],
    ['too many associations', {}, { openAssociations: 2, closing: false }, { result: 2, source: 3, reason: 2 }],
    ['a node that stops', {}, { openAssociations: 0, closing: true }, { result: 2, source: 3, reason: 1 }],
  ])('rejects %s with the code of PS3.8 table 9-21', (_what, change, state, reject) => {
    expect(refusalOf({ ...request, ...change }, policy, state)?.reject).toEqual(reject);
  });

  it('tells the administrator what was seen and what was expected', () => {
    expect(refusalOf({ ...request, calledAe: 'WRONG' }, policy, idle)?.seen).toBe('called AE title "WRONG", ours: "ANTEROOM", "AI"');
  });
});
