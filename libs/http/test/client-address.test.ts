import { describe, expect, it } from 'vitest';
import { addressKey } from '../src/client-address.ts';
import { anApp } from './harness.ts';

const seen = async (proxies: string, remoteAddress: string, forwarded?: string) => {
  const { app } = await anApp({ env: { SIGNALBOX_TRUSTED_PROXIES: proxies } });
  app.get('/v1/where', { config: { access: 'public' } }, async ({ clientAddress }) => ({ clientAddress }));
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const response = await app.inject({ url: '/v1/where', remoteAddress, headers });
  return response.json().clientAddress;
};

describe('the address of a client', () => {
  it('is that of the socket when no proxy is configured, whatever the headers claim', async () => {
    expect(await seen('', '203.0.113.7', '198.51.100.1')).toBe('203.0.113.7');
    expect(await seen('', '::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(await seen('', '2001:db8::1')).toBe('2001:db8::1');
  });

  it('is that of the socket when it is no proxy of ours', async () => {
    expect(await seen('10.0.0.0/8', '203.0.113.7', '198.51.100.1')).toBe('203.0.113.7');
  });

  it('is what a trusted proxy says', async () => {
    expect(await seen('10.0.0.0/8', '10.1.2.3', '198.51.100.1')).toBe('198.51.100.1');
    expect(await seen('10.0.0.0/8', '::ffff:10.1.2.3', '198.51.100.1')).toBe('198.51.100.1');
    expect(await seen('loopback', '::1', '2001:db8::9')).toBe('2001:db8::9');
    expect(await seen('10.9.9.9,fd00::/8', 'fd00::5', '198.51.100.1')).toBe('198.51.100.1');
    expect(await seen('uniquelocal', '192.168.1.1', '198.51.100.1')).toBe('198.51.100.1');
  });

  it('is the nearest one that is no proxy of ours: what stands before it may be forged', async () => {
    expect(await seen('10.0.0.0/8', '10.1.2.3', '1.1.1.1, 198.51.100.1, 10.9.9.9')).toBe('198.51.100.1');
  });

  it.each([undefined, '', 'unknown', '10.5.5.5', '198.51.100.1, garbage'])(
    'is unknown when a trusted proxy passes on nothing usable: %j',
    async (forwarded) => {
      expect(await seen('10.0.0.0/8', '10.1.2.3', forwarded)).toBeNull();
    },
  );
});

describe('what shares a limit', () => {
  it('is one IPv4 address, one IPv6 customer, or all that are unknown', () => {
    expect(addressKey('203.0.113.7')).toBe('203.0.113.7');
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(addressKey('2001:db8:1:2::9')).toBe('2001:db8:1:2::/64');
    expect(addressKey('2001:0db8:1::1')).toBe('2001:db8:1:0::/64');
    expect(addressKey('::1')).toBe('0:0:0:0::/64');
    expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(addressKey(null)).toBe('unknown');
  });
});
