import type { Migration } from '../migrate.ts';
import { log } from './0001-log.ts';

/** In the order of their versions. What has been released is never changed: a new shape is a new migration. */
export const migrations: readonly Migration[] = [log];
