import { auditIndexContract } from '@signalbox/conformance';
import { memoryAuditIndex } from '../src/audit-index.ts';

auditIndexContract('memory', async () => memoryAuditIndex());
