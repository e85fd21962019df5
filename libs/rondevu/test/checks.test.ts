import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, createRig, credentialClient, keyClient, offerBy, type Rig } from './rig.ts';

/** Who there is, and which offers: the tables below name them. */
type World = {
  readonly rig: Rig;
  readonly alice: Client;
  readonly bob: Client;
  readonly eve: Client;
  /** All of alice's; bob has answered those that are answered. The two of a service are there with credentials. */
  readonly offers: Readonly<Record<'open' | 'answered' | 'gone' | 'full' | 'service' | 'answeredService', string>>;
};

type Params = Readonly<Record<string, unknown>>;
type Check = {
  readonly what: string;
  /** What stands for the members that are right; one that is undefined is not sent. */
  readonly params: (world: World) => Params;
  readonly by?: 'alice' | 'bob' | 'eve';
  readonly errorCode: string;
};
type Table = {
  readonly method: string;
  readonly by: 'alice' | 'bob' | 'eve';
  readonly right: (world: World) => Params;
  /** In the order in which they are made. */
  readonly checks: readonly Check[];
};

const wrong = (what: string, params: Params, errorCode: string): Check => ({ what, params: () => params, errorCode });
const onOffer = (which: keyof World['offers'], errorCode: string, by?: Check['by']): Check => ({
  what: `the ${which} offer${by ? ` by ${by}` : ''}`,
  params: ({ offers }) => ({ offerId: offers[which] }),
  errorCode,
  ...(by ? { by } : {}),
});

const wrongTags: readonly Check[] = [
  wrong('no tags', { tags: undefined }, 'INVALID_TAG'),
  wrong('tags that are no list', { tags: 'chat' }, 'INVALID_TAG'),
  wrong('an empty list of tags', { tags: [] }, 'INVALID_TAG'),
  wrong('21 tags', { tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, 'INVALID_TAG'),
  wrong('a tag twice', { tags: ['chat', 'chat'] }, 'INVALID_TAG'),
  ...['', '-a', 'a.', 'A', 'a b', 'ä', 'a\n', 'a'.repeat(65), 5, null].map((tag) =>
    wrong(`the tag ${JSON.stringify(tag)}`, { tags: [tag] }, 'INVALID_TAG'),
  ),
];
const wrongOfferId: readonly Check[] = [undefined, null, '', 5, {}].map((offerId) =>
  wrong(`the offerId ${JSON.stringify(offerId)}`, { offerId }, 'INVALID_PARAMS'),
);
const wrongSince: readonly Check[] = [null, -1, '0', Number.POSITIVE_INFINITY, {}].map((since) =>
  wrong(`since ${String(since)}`, { since }, 'INVALID_PARAMS'),
);
const unknownOffer: readonly Check[] = [
  wrong('an offer that never was', { offerId: 'nothing' }, 'OFFER_NOT_FOUND'),
  onOffer('gone', 'OFFER_NOT_FOUND'),
];
const big = 'x'.repeat(65_537);
const nested = (containers: number) => JSON.parse(`${'['.repeat(containers)}${']'.repeat(containers)}`) as unknown;

const publishChecks: readonly Check[] = [
  wrong('no offers', { offers: undefined }, 'MISSING_PARAMS'),
  wrong('offers that are no list', { offers: {} }, 'MISSING_PARAMS'),
  wrong('an empty list of offers', { offers: [] }, 'MISSING_PARAMS'),
  wrong('too many offers', { offers: Array(101).fill(null) }, 'TOO_MANY_OFFERS'),
  wrong('an offer that is null', { offers: [{ sdp: 'v=0' }, null] }, 'INVALID_PARAMS'),
  wrong('an offer that is a text', { offers: ['v=0'] }, 'INVALID_PARAMS'),
  wrong('an offer without sdp', { offers: [{}] }, 'INVALID_SDP'),
  wrong('an sdp that is no text', { offers: [{ sdp: 5 }] }, 'INVALID_SDP'),
  wrong('an sdp of whitespace', { offers: [{ sdp: ' \r\n' }] }, 'INVALID_SDP'),
  wrong('an sdp that is too large', { offers: [{ sdp: big }] }, 'SDP_TOO_LARGE'),
  wrong('a ttl that is null', { ttl: null }, 'INVALID_PARAMS'),
  wrong('a ttl that is a text', { ttl: '60000' }, 'INVALID_PARAMS'),
  wrong('a ttl below 0', { ttl: -1 }, 'INVALID_PARAMS'),
];

const candidateChecks: readonly Check[] = [
  wrong('no candidates', { candidates: undefined }, 'MISSING_PARAMS'),
  wrong('an empty list of candidates', { candidates: [] }, 'MISSING_PARAMS'),
  wrong('too many candidates', { candidates: Array(101).fill({}) }, 'INVALID_PARAMS'),
  wrong('a candidate that is null', { candidates: [{}, null] }, 'INVALID_PARAMS'),
  wrong('a candidate that is a text', { candidates: ['candidate:1'] }, 'INVALID_PARAMS'),
  wrong('a candidate nested too deep', { candidates: [nested(11)] }, 'INVALID_PARAMS'),
  wrong('a candidate that is too large', { candidates: [{ a: 'x'.repeat(4_089) }] }, 'INVALID_PARAMS'),
];

const tables: readonly Table[] = [
  {
    method: 'publishOffer',
    by: 'alice',
    right: () => ({ tags: ['chat'], offers: [{ sdp: 'v=0' }] }),
    checks: [...wrongTags, ...publishChecks],
  },
  {
    method: 'discover',
    by: 'bob',
    right: () => ({ tags: ['chat'] }),
    checks: [
      ...wrongTags,
      ...[null, -1, 1.5, '5', Number.POSITIVE_INFINITY].map((limit) =>
        wrong(`the limit ${limit}`, { limit }, 'INVALID_PARAMS'),
      ),
      ...[null, -1, 1.5, '5'].map((offset) =>
        wrong(`the offset ${offset} beside a limit`, { limit: 5, offset }, 'INVALID_PARAMS'),
      ),
      wrong('a tag that no offer has', { tags: ['nothing'] }, 'OFFER_NOT_FOUND'),
    ],
  },
  { method: 'countOffersByTags', by: 'bob', right: () => ({ tags: ['chat'] }), checks: wrongTags },
  {
    method: 'answerOffer',
    by: 'bob',
    right: ({ offers }) => ({ offerId: offers.open, sdp: 'v=0' }),
    checks: [
      ...wrongOfferId,
      ...[undefined, null, '', 5].map((sdp) => wrong(`the sdp ${JSON.stringify(sdp)}`, { sdp }, 'INVALID_SDP')),
      wrong('an sdp that is too large', { sdp: big }, 'SDP_TOO_LARGE'),
      ...[null, 'chat', {}].map((matchedTags) =>
        wrong(`matchedTags ${JSON.stringify(matchedTags)}`, { matchedTags }, 'INVALID_PARAMS'),
      ),
      wrong('21 matchedTags', { matchedTags: Array(21).fill('chat') }, 'INVALID_PARAMS'),
      ...unknownOffer,
      onOffer('answered', 'OFFER_ALREADY_ANSWERED'),
      wrong('a matched tag that the offer has not', { matchedTags: ['chat', 'x'] }, 'INVALID_PARAMS'),
      wrong('a matched tag that is no text', { matchedTags: [5] }, 'INVALID_PARAMS'),
    ],
  },
  {
    method: 'getOfferAnswer',
    by: 'alice',
    right: ({ offers }) => ({ offerId: offers.answered }),
    checks: [
      ...wrongOfferId,
      ...unknownOffer,
      onOffer('answered', 'NOT_AUTHORIZED', 'bob'),
      onOffer('open', 'NOT_AUTHORIZED', 'eve'),
      onOffer('open', 'OFFER_NOT_ANSWERED'),
    ],
  },
  {
    method: 'addIceCandidates',
    by: 'alice',
    right: ({ offers }) => ({ offerId: offers.open, candidates: [{ candidate: 'c' }] }),
    checks: [
      ...wrongOfferId,
      ...candidateChecks,
      ...unknownOffer,
      onOffer('full', 'TOO_MANY_ICE_CANDIDATES'),
      onOffer('answered', 'NOT_AUTHORIZED', 'eve'),
    ],
  },
  {
    method: 'getIceCandidates',
    by: 'alice',
    right: ({ offers }) => ({ offerId: offers.answered, since: 0 }),
    checks: [...wrongOfferId, ...wrongSince, ...unknownOffer, onOffer('answered', 'NOT_AUTHORIZED', 'eve')],
  },
  { method: 'poll', by: 'alice', right: () => ({ since: 0 }), checks: wrongSince },
  {
    method: 'deleteOffer',
    by: 'alice',
    right: ({ offers }) => ({ offerId: offers.open }),
    checks: [
      ...wrongOfferId,
      wrong('an offer that never was', { offerId: 'nothing' }, 'NOT_AUTHORIZED'),
      onOffer('gone', 'NOT_AUTHORIZED'),
      onOffer('open', 'NOT_AUTHORIZED', 'eve'),
      onOffer('answered', 'NOT_AUTHORIZED', 'bob'),
    ],
  },
  { method: 'updateOfferTags', by: 'alice', right: () => ({ tags: ['chat'] }), checks: wrongTags },
];

const wrongServiceName: readonly Check[] = [
  null,
  5,
  '',
  'chat',
  'chat@alice',
  'chat:1.0@alice',
  'chat:1.0.0.0@alice',
  'chat:1.0.0-@alice',
  'chat:1.0.0-A@alice',
  'chat:01.0.0@alice',
  ':1.0.0@alice',
  'Chat:1.0.0@alice',
  '-chat:1.0.0@alice',
  `${'c'.repeat(129)}:1.0.0@alice`,
  'chat:1.0.0@al',
  'chat:1.0.0@Alice',
  `chat:1.0.0@${'a'.repeat(33)}`,
  '@alice',
].map((serviceFqn) => wrong(`the service ${JSON.stringify(serviceFqn)}`, { serviceFqn }, 'INVALID_FQN'));
const noServiceText: readonly Check[] = [null, '', 5].map((serviceFqn) =>
  wrong(`the service ${JSON.stringify(serviceFqn)}`, { serviceFqn }, 'INVALID_PARAMS'),
);
const anotherService = wrong('another service', { serviceFqn: 'chat:1.0.1@alice' }, 'INVALID_PARAMS');
const serviceFqn = 'chat:1.0.0@alice';
const ownerless = wrong('a service without its owner', { serviceFqn: 'chat:1.0.0' }, 'INVALID_FQN');

const serviceTables: readonly Table[] = [
  {
    method: 'publishOffer',
    by: 'alice',
    right: () => ({ serviceFqn, offers: [{ sdp: 'v=0' }] }),
    checks: [
      ...wrongServiceName,
      ownerless,
      wrong('a service of somebody else', { serviceFqn: 'chat:1.0.0@bobby' }, 'OWNERSHIP_MISMATCH'),
      ...publishChecks,
    ],
  },
  {
    method: 'getOffer',
    by: 'bob',
    right: () => ({ serviceFqn }),
    checks: [
      ...wrongServiceName,
      ...[null, -1, 1.5, '5'].map((limit) => wrong(`the limit ${limit}`, { limit }, 'INVALID_PARAMS')),
      wrong('the offset -1 beside a limit', { limit: 5, offset: -1 }, 'INVALID_PARAMS'),
      wrong('a service that is not', { serviceFqn: 'chess:1.0.0@alice' }, 'OFFER_NOT_FOUND'),
      wrong('a service that nobody offers', { serviceFqn: 'chess:1.0.0' }, 'OFFER_NOT_FOUND'),
    ],
  },
  {
    method: 'deleteOffer',
    by: 'alice',
    right: () => ({ serviceFqn }),
    checks: [
      ...wrongServiceName,
      ownerless,
      wrong('a service that is not', { serviceFqn: 'chat:1.0.1@alice' }, 'OFFER_NOT_FOUND'),
      { what: 'somebody else’s service', params: () => ({ serviceFqn }), by: 'bob', errorCode: 'NOT_AUTHORIZED' },
    ],
  },
  {
    method: 'answerOffer',
    by: 'bob',
    right: ({ offers }) => ({ serviceFqn, offerId: offers.service, sdp: 'v=0' }),
    checks: [...noServiceText, ...wrongOfferId, wrong('no sdp', { sdp: undefined }, 'INVALID_SDP'), ...unknownOffer],
  },
  {
    method: 'getOfferAnswer',
    by: 'alice',
    right: ({ offers }) => ({ serviceFqn, offerId: offers.answeredService }),
    checks: [
      ...noServiceText,
      ...wrongOfferId,
      ...unknownOffer,
      onOffer('service', 'NOT_AUTHORIZED', 'bob'),
      onOffer('service', 'OFFER_NOT_ANSWERED'),
    ],
  },
  {
    method: 'addIceCandidates',
    by: 'alice',
    right: ({ offers }) => ({ serviceFqn, offerId: offers.service, candidates: [{}] }),
    checks: [...noServiceText, ...wrongOfferId, ...candidateChecks, ...unknownOffer, anotherService],
  },
  {
    method: 'getIceCandidates',
    by: 'alice',
    right: ({ offers }) => ({ serviceFqn, offerId: offers.service }),
    checks: [
      ...noServiceText,
      ...wrongOfferId,
      ...wrongSince,
      ...unknownOffer,
      anotherService,
      onOffer('service', 'NOT_AUTHORIZED', 'bob'),
    ],
  },
];

/** Each check alone, and each pair that fails with different codes: the earlier one decides. */
const inOrder = ({ checks }: Table): readonly Check[] =>
  checks.flatMap((first, index) => [
    first,
    ...checks.slice(index + 1).flatMap((second) =>
      second.by === first.by && first.errorCode !== second.errorCode
        ? [
            {
              ...first,
              what: `${first.what}, then ${second.what}`,
              params: (world: World) => ({ ...second.params(world), ...first.params(world) }),
            },
          ]
        : [],
    ),
  ]);

const runTable = (dialect: string, all: readonly Table[], world: () => World) =>
  describe.each(all)(`$method (${dialect})`, (table) => {
    it('goes well with what is right', async () => {
      expect(await world()[table.by].call(table.method, table.right(world()))).toMatchObject({ success: true });
    });

    it('is refused by the first check that fails', async () => {
      for (const { what, params, by, errorCode } of inOrder(table)) {
        const caller = world()[by ?? table.by];
        // Not through JSON.stringify, which makes null of infinity: a body can say 1e999.
        const members = Object.entries({ ...table.right(world()), ...params(world()) });
        const sent = Object.fromEntries(members.filter(([, value]) => value !== undefined));
        const { item, headers } = caller.sign(table.method, sent);
        const body = JSON.stringify([item], (_, value) => (value === Number.POSITIVE_INFINITY ? '∞' : value));
        const { results } = await world().rig.post(body.replaceAll('"∞"', '1e999'), headers);
        expect(results, what).toEqual([{ success: false, error: expect.any(String), errorCode }]);
      }
      expect(world().rig.faults).toEqual([]);
    });
  });

describe.each(['keys', 'credentials'] as const)('the checks of the methods, in their order, with %s', (kind) => {
  let world: World;

  beforeEach(async () => {
    const rig = createRig();
    const client = (name: string) => (kind === 'keys' ? keyClient(rig, name) : credentialClient(rig, name));
    const [alice, bob, eve] = [await client('alice'), await client('bobby'), await client('evey')];
    const service = { serviceFqn, offers: [{ sdp: 'v=0 one' }, { sdp: 'v=0 two' }] };
    const published = kind === 'keys' ? undefined : await alice.call('publishOffer', service);
    const offers = {
      gone: await offerBy(alice),
      answered: await offerBy(alice),
      full: await offerBy(alice),
      open: await offerBy(alice),
      service: published?.result.offers[0].offerId ?? '',
      answeredService: published?.result.offers[1].offerId ?? '',
    };
    await alice.call('deleteOffer', { offerId: offers.gone });
    await alice.call('addIceCandidates', { offerId: offers.full, candidates: Array(50).fill({}) });
    for (const offerId of [offers.answered, offers.answeredService]) {
      await bob.call('answerOffer', { offerId, sdp: 'v=0 bob' });
    }
    world = { rig, alice, bob, eve, offers };
  });

  const known =
    kind === 'keys'
      ? tables
      : tables.filter(({ method }) => method !== 'countOffersByTags' && method !== 'updateOfferTags');
  runTable(kind, known, () => world);
  if (kind === 'credentials') runTable('services', serviceTables, () => world);
});
