import type { ObservationEvent, Opaque, OperationsEvent, SessionEvent } from '@signalbox/domain';
import type { Chance } from '@signalbox/runtime';
import type { Fact } from '../src/index.ts';

/**
 * Calls as clients make them, told from what the clients do. It shares nothing with what judges them: SDPs and
 * candidates are written here and read there.
 */

export type Kind = 'host' | 'mdns' | 'srflx' | 'relay';
export type Role = 'offerer' | 'answerer';

export const dice = (chance: Chance) => {
  const below = (count: number) => Math.floor(chance.fraction() * count);
  return {
    below,
    between: (low: number, high: number) => low + below(high - low + 1),
    often: (share: number) => chance.fraction() < share,
    one: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    word: (length: number) =>
      Array.from({ length }, () => 'abcdefghkmnpqrstuvwxyzABCDEFGH23456789'[below(37)]).join(''),
  };
};

type Dice = ReturnType<typeof dice>;

const addressOf = (d: Dice, kind: Kind): string => {
  const octet = () => d.between(1, 254);
  switch (kind) {
    case 'mdns':
      return `${d.word(8).toLowerCase()}-${d.word(4).toLowerCase()}-4${d.word(3).toLowerCase()}.local`;
    case 'host':
      return d.one([
        `192.168.${octet()}.${octet()}`,
        `10.${octet()}.${octet()}.${octet()}`,
        `172.20.1.${octet()}`,
        'fd12:3456::7',
      ]);
    case 'srflx':
      return `84.${octet()}.${octet()}.${octet()}`;
    case 'relay':
      return `51.15.${octet()}.${octet()}`;
  }
};

const TYPES = { host: 'host', mdns: 'host', srflx: 'srflx', relay: 'relay' } as const;

export const candidateLine = (d: Dice, kind: Kind, ufrag: string | null): string => {
  const far = kind === 'srflx' || kind === 'relay' ? ` raddr 0.0.0.0 rport ${d.between(1_024, 65_000)}` : '';
  const named = ufrag === null ? '' : ` ufrag ${ufrag}`;
  const head = `candidate:${d.between(1, 4_000_000_000)} 1 udp ${d.between(1, 2_122_260_223)}`;
  return `${head} ${addressOf(d, kind)} ${d.between(1_024, 65_000)} typ ${TYPES[kind]}${far} generation 0${named} network-cost 999`;
};

/** The shapes in which clients send a candidate. */
export type Shape = 'init' | 'init without ufrag' | 'text' | 'attribute' | 'wrapped';

export const shaped = (shape: Shape, line: string, ufrag: string): Opaque => {
  const init = { candidate: line, sdpMid: '0', sdpMLineIndex: 0 };
  switch (shape) {
    case 'init':
      return { ...init, usernameFragment: ufrag };
    case 'init without ufrag':
      return init;
    case 'text':
      return line;
    case 'attribute':
      return `a=${line}`;
    case 'wrapped':
      return { type: 'candidate', candidate: { ...init, usernameFragment: ufrag } };
  }
};

export type SdpWishes = {
  readonly ufrag: string;
  readonly setup: string;
  readonly sections: readonly string[];
  readonly within: readonly Kind[];
  readonly ended: boolean;
  readonly lacks: 'nothing' | 'fingerprint' | 'ufrag' | 'pwd';
  readonly rejected: boolean;
};

export const sdpOf = (d: Dice, wishes: SdpWishes): string => {
  const { ufrag, setup, sections, within, ended, lacks, rejected } = wishes;
  const transport = [
    ...(lacks === 'ufrag' ? [] : [`a=ice-ufrag:${ufrag}`]),
    ...(lacks === 'pwd' ? [] : [`a=ice-pwd:${d.word(24)}`]),
    'a=ice-options:trickle',
    ...(lacks === 'fingerprint' ? [] : [`a=fingerprint:sha-256 ${Array(32).fill('4F').join(':')}`]),
    `a=setup:${setup}`,
  ];
  const section = (kind: string, index: number) => [
    `m=${kind} ${rejected ? 0 : 9} ${kind === 'application' ? 'UDP/DTLS/SCTP webrtc-datachannel' : 'UDP/TLS/RTP/SAVPF 111'}`,
    'c=IN IP4 0.0.0.0',
    ...(index === 0 ? within.map((one) => `a=${candidateLine(d, one, null)}`) : []),
    ...(index === 0 && ended ? ['a=end-of-candidates'] : []),
    ...transport,
    `a=mid:${index}`,
  ];
  const head = ['v=0', `o=- ${d.between(1e9, 4e9)} 2 IN IP4 127.0.0.1`, 's=-', 't=0 0', 'a=group:BUNDLE 0'];
  const text = `${[...head, ...sections.flatMap(section)].join(d.often(0.9) ? '\r\n' : '\n')}\r\n`;
  return d.often(0.15) ? JSON.stringify({ type: 'offer', sdp: text }) : text;
};

type AnyEvent = SessionEvent | ObservationEvent | OperationsEvent;

/** Collects what happened, and tells it in the order of time. */
export const recorder = (d: Dice) => {
  const told: { readonly at: number; readonly actor: string | null; readonly event: Fact['event'] }[] = [];
  return {
    tell: (at: number, actor: string | null, event: AnyEvent): void => {
      told.push({ at, actor, event });
    },
    facts: (): readonly Fact[] => {
      let position = d.between(0, 1_000);
      return told
        .map((one, index) => ({ ...one, index }))
        .sort((a, b) => a.at - b.at || a.index - b.index)
        .map(({ at, actor, event }, index) => {
          position += d.between(1, 5);
          return { position, eventId: `event-${index}`, at, actor, event };
        });
    },
  };
};
