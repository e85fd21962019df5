import { feedsContract, feedsRebuiltContract } from '../src/index.ts';
import { feedsByArrival } from './feeds-by-arrival.ts';

let built = 0;
const make = () => feedsByArrival(`build-${++built}`, 'log-1');

feedsContract('a double that counts by arrival', async () => make());
feedsRebuiltContract('a double that counts by arrival', async () => ({ one: make(), other: make(), logId: 'log-1' }));
