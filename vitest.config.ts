import { defineConfig } from 'vitest/config';

// Tests run on Node's own loader and type stripping: what is tested is what runs in production.
const native = { experimental: { viteModuleRunner: false } } as const;

export default defineConfig({
  test: {
    reporters: process.env['CI'] ? ['default', './tools/closing-line-reporter.ts'] : ['default'],
    projects: [
      { test: { name: 'unit', include: ['{libs,services}/*/test/**/*.test.ts'], testTimeout: 30_000, ...native } },
      {
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 60_000,
          // Whole servers under load: one file after another, so that they do not starve each other.
          fileParallelism: false,
          ...native,
        },
      },
    ],
  },
});
