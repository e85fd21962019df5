import type { Dialect } from '../dialect.ts';
import type { RondevuOptions } from '../options.ts';
import { answerOffer, getOfferAnswer } from './answers.ts';
import { addIceCandidates, getIceCandidates } from './candidates.ts';
import { generateCredentials } from './credentials.ts';
import { countOffersByTags, discover } from './discovery.ts';
import type { Method } from './method.ts';
import { deleteOffer, publishOffer, updateOfferTags } from './offers.ts';
import { poll } from './poll.ts';
import { deleteService, getOffer, publishService, withService } from './services.ts';

/** Maps, because a name that every object inherits must not be taken for a method. */
export type Methods = Readonly<Record<Dialect, ReadonlyMap<string, Method>>>;

/** What each dialect can say, and nothing more: a client that asks what a server can do is told the truth of its own. */
export const createMethods = (parts: RondevuOptions): Methods => {
  const tagged = {
    publishOffer: publishOffer(parts),
    discover: discover(parts),
    answerOffer: answerOffer(parts),
    getOfferAnswer: getOfferAnswer(parts),
    addIceCandidates: addIceCandidates(parts),
    getIceCandidates: getIceCandidates(parts),
    poll: poll(parts),
    deleteOffer: deleteOffer(parts),
  };
  return {
    ed: new Map<string, Method>(
      Object.entries({
        ...tagged,
        countOffersByTags: countOffersByTags(parts),
        updateOfferTags: updateOfferTags(parts),
      }),
    ),
    ht: new Map<string, Method>(Object.entries({ ...tagged, generateCredentials: generateCredentials(parts) })),
    hf: new Map<string, Method>(
      Object.entries({
        publishOffer: publishService(parts),
        getOffer: getOffer(parts),
        deleteOffer: deleteService(parts),
        answerOffer: withService(tagged.answerOffer),
        getOfferAnswer: withService(tagged.getOfferAnswer),
        addIceCandidates: withService(tagged.addIceCandidates),
        getIceCandidates: withService(tagged.getIceCandidates),
        poll: tagged.poll,
      }),
    ),
  };
};
