import { IpRanges, isIpRange, plainAddress } from '../../../src/foundation/ip-ranges.js';

describe('ranges of addresses', () => {
  it.each(['192.0.2.17', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/32', '::1'])('%s is one', (text) => {
    expect(isIpRange(text)).toBe(true);
  });

  it.each(['', 'host', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '::/129', 'fe80::1%eth0'])(
    '%s is none',
    (text) => {
      expect(isIpRange(text)).toBe(false);
    },
  );

  it('contain what lies in them, in whatever form the socket tells it', () => {
    const ranges = new IpRanges(['10.1.0.0/16', '192.0.2.17', '2001:db8::/32']);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.17', '2001:db8:1::5']) expect(ranges.contains(address)).toBe(true);
    for (const address of ['10.2.0.1', '192.0.2.18', '2001:db9::1', '', 'nonsense']) expect(ranges.contains(address)).toBe(false);
  });

  it('an address of both families is shown as usual', () => {
    expect(plainAddress('::ffff:10.1.2.3')).toBe('10.1.2.3');
    expect(plainAddress('::1')).toBe('::1');
    expect(plainAddress(undefined)).toBe('');
  });
});
