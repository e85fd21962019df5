import { credential } from '@signalbox/domain';
import type { View } from '@signalbox/event-sourcing';
import type { CredentialRow, Credentials, Forgets } from '@signalbox/read-models';
import { credentials as projection } from '@signalbox/read-models/projections';
import {
  aCredentialExpiry,
  anIssue,
  aRenewal,
  aRevocation,
  aRotation,
  credentialTtlMs,
  graceMs,
  renewedAt,
  revokedAt,
  rotatedAt,
  t0,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';

type CredentialsView = View<CredentialRow> & Credentials & Forgets;

const aRow = (overrides?: Partial<CredentialRow>): CredentialRow => ({
  name: 'alice',
  sealedSecret: 'sealed-1',
  previous: null,
  issuedAt: t0,
  expiresAt: t0 + credentialTtlMs,
  lifetime: 'fixed',
  endedAt: null,
  ...overrides,
});

export const credentialsContract = (adapter: string, make: () => Promise<CredentialsView>) =>
  describe(`Credentials contract: ${adapter}`, () => {
    let view: CredentialsView;
    let driver: ReturnType<typeof driving>;
    const driving = () => drive(credential, projection, view);
    beforeEach(async () => {
      view = await make();
      driver = driving();
    });

    it('finds nothing that was never issued', async () => {
      expect(await view.find('alice')).toBeUndefined();
      expect(await view.liveCount()).toBe(0);
    });

    it('finds a credential by its name, dashes and all', async () => {
      await driver.handle('alice', anIssue());
      await driver.handle('brave-otter-1f', anIssue());
      expect(await view.find('alice')).toEqual(aRow());
      expect(await view.find('brave-otter-1f')).toEqual(aRow({ name: 'brave-otter-1f' }));
      expect(await view.find('brave')).toBeUndefined();
      expect(await view.liveCount()).toBe(2);
    });

    it('shows the old secret beside the new one after a rotation', async () => {
      await driver.handle('alice', anIssue());
      await driver.handle('alice', aRotation());
      expect(await view.find('alice')).toEqual(
        aRow({
          sealedSecret: 'sealed-2',
          previous: { sealedSecret: 'sealed-1', validUntil: rotatedAt + graceMs },
        }),
      );
      expect(await view.liveCount()).toBe(1);
    });

    it('shows the later expiry after a renewal', async () => {
      await driver.handle('alice', anIssue({ lifetime: 'sliding' }));
      await driver.handle('alice', aRenewal());
      expect(await view.find('alice')).toEqual(aRow({ lifetime: 'sliding', expiresAt: renewedAt + credentialTtlMs }));
      expect(await view.liveCount()).toBe(1);
    });

    it('keeps a revoked or expired one, marked as ended, and no longer counts it', async () => {
      await driver.handle('alice', anIssue());
      await driver.handle('bob', anIssue());
      await driver.handle('carol', anIssue());
      await driver.handle('alice', aRevocation());
      await driver.handle('bob', aCredentialExpiry({ now: t0 + credentialTtlMs + 7 }));
      expect(await view.find('alice')).toEqual(aRow({ endedAt: revokedAt }));
      expect(await view.find('bob')).toEqual(aRow({ name: 'bob', endedAt: t0 + credentialTtlMs }));
      expect(await view.liveCount()).toBe(1);
    });

    it('gives out all that it keeps, however many', async () => {
      const names = Array.from({ length: 2_100 }, (_, index) => `name-${index}`);
      for (const name of names) await driver.handle(name, anIssue());
      await driver.handle('name-7', aRevocation());
      const rows = (await Array.fromAsync(view.all())).flat();
      expect(rows.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
      expect(rows.find(({ name }) => name === 'name-7')).toEqual(aRow({ name: 'name-7', endedAt: revokedAt }));
    });

    it('forgets what ended before a time, and does not bring it back', async () => {
      for (const name of ['alice', 'bob', 'carol']) await driver.handle(name, anIssue());
      await driver.handle('alice', aRevocation({ now: t0 + 10 }));
      await driver.handle('bob', aRevocation({ now: t0 + 20 }));
      expect(await view.forget(t0 + 10)).toBe(0);
      expect(await view.forget(t0 + 20)).toBe(1);
      expect(await view.forget(t0 + 20)).toBe(0);
      await driver.show(driver.history);
      expect(await view.find('alice')).toBeUndefined();
      expect(await view.find('bob')).toEqual(aRow({ name: 'bob', endedAt: t0 + 20 }));
      expect(await view.find('carol')).toEqual(aRow({ name: 'carol' }));
      expect(await view.liveCount()).toBe(1);
    });
  });
