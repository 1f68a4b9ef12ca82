/** Addresses and ranges of them, as an administrator writes them: `192.0.2.17`, `192.0.2.0/24`, `2001:db8::/32`. */
import { BlockList, isIP } from 'node:net';

const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Whether this text is an IP address or a range in CIDR notation (RFC 4632, RFC 4291). */
export function isIpRange(text: string): boolean {
  return parsed(text) !== undefined;
}

/** An IPv4 address that a socket of both families shows as `::ffff:192.0.2.17` in its usual form; others stay as they are. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(MAPPED, '');
}

/** A set of ranges that addresses can be looked up in. */
export class IpRanges {
  private readonly list = new BlockList();

  /** Texts that are no range (`isIpRange`) contain nothing. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const known = parsed(range);
      if (known !== undefined) this.list.addSubnet(known.address, known.prefix, known.family);
    }
  }

  contains(address: string): boolean {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && this.list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }
}

function parsed(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [address = '', written, ...rest] = text.split('/');
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  const prefix = written === undefined ? bits : /^\d{1,3}$/.test(written) ? Number(written) : Number.NaN;
  if (version === 0 || rest.length > 0 || !(prefix <= bits) || address.includes('%')) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
