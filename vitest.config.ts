import { defineConfig } from 'vitest/config';

// Tests run on Node's own loader and type stripping: what is tested is what runs in production.
const native = { experimental: { viteModuleRunner: false } } as const;

/** Tests that need a real Kafka or a real Redis. */
const onEngines = ['libs/{bus-kafka,views-redis}/test/**/*.test.ts', 'services/*/test/engines/**/*.test.ts'];
const engines = './libs/testing/src/engines/vitest-setup.ts';

/** Whole servers under load: one file after another, so that they do not starve each other. */
const oneByOne = { testTimeout: 300_000, hookTimeout: 120_000, fileParallelism: false } as const;

export default defineConfig({
  test: {
    reporters: process.env['CI'] ? ['default', './tools/closing-line-reporter.ts'] : ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['{libs,services}/*/test/**/*.test.ts'],
          exclude: onEngines,
          testTimeout: 30_000,
          ...native,
        },
      },
      {
        test: {
          name: 'engines',
          sequence: { groupOrder: 1 },
          include: onEngines,
          globalSetup: engines,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...native,
        },
      },
      {
        test: {
          name: 'system',
          sequence: { groupOrder: 2 },
          include: ['tests/*.test.ts', 'tests/scenarios/*.test.ts'],
          ...oneByOne,
          ...native,
        },
      },
      {
        test: {
          name: 'stack',
          sequence: { groupOrder: 3 },
          // The same scenarios, on the distributed stack; left out is what looks at the one process or its disk.
          include: [
            'tests/{candidates-before-answer,feed,rivals}.test.ts',
            'tests/scenarios/{audit,batch,credentials,handshake,idempotency,limits,ownership,problems,report,rondevu,services}.test.ts',
            'tests/stack/**/*.test.ts',
          ],
          env: { SIGNALBOX_TEST_TARGET: 'stack' },
          globalSetup: engines,
          ...oneByOne,
          ...native,
        },
      },
    ],
  },
});
