import { systemChance } from '@signalbox/runtime';

const hex = (bytes: number): string => Buffer.from(systemChance.bytes(bytes)).toString('hex');

const address = (): string => `198.51.100.${Math.floor(systemChance.fraction() * 254) + 1}`;

const port = (): number => 1_024 + Math.floor(systemChance.fraction() * 60_000);

const hostLine = (ip: string): string =>
  `candidate:${systemChance.bytes(1)[0]} 1 udp 2122260223 ${ip} ${port()} typ host generation 0 ufrag ${hex(2)} network-id 1`;

/** So many different ones of each kind are made, and then handed out in turn. */
const DIFFERENT = 512;

const handedOut = <T>(make: () => T): (() => T) => {
  const made = Array.from({ length: DIFFERENT }, make);
  let next = 0;
  return () => made[next++ % DIFFERENT] as T;
};

/** An ICE candidate as a browser reports one. */
export const candidate = handedOut((): object => ({
  candidate: `candidate:${systemChance.bytes(1)[0]} 1 udp 1686052607 ${address()} ${port()} typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag ${hex(2)} network-cost 999`,
  sdpMLineIndex: 0,
  sdpMid: '0',
  usernameFragment: hex(2),
}));

/** How long an SDP of ours is, in bytes: that of a data channel with the candidates of a usual machine. */
export const SDP_BYTES = 1_500;

/** A session description of a data channel, all of the same length. */
export const sdp = handedOut((): string => {
  const fingerprint = hex(32).toUpperCase().match(/../g)!.join(':');
  const lines = [
    'v=0',
    `o=- ${BigInt(`0x${hex(7)}`)} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${hex(2)}`,
    `a=ice-pwd:${hex(12)}`,
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${fingerprint}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
  ];
  let text = `${lines.join('\r\n')}\r\n`;
  while (text.length + 120 < SDP_BYTES) text += `a=${hostLine(address())}\r\n`;
  return `${text}a=x-padding:`
    .padEnd(SDP_BYTES - 2, hex(64))
    .slice(0, SDP_BYTES - 2)
    .concat('\r\n');
});
