import { defineConfig } from 'vitest/config';
import { lateParts } from './scripts/late-parts.mjs';

export default defineConfig({
  plugins: [lateParts],
  test: {
    include: ['__test__/**/*.test.ts'],
    // Many tests start processes; on a busy machine those take their time.
    testTimeout: 20_000,
    globalSetup: ['__test__/ts/setup/build.ts'],
    setupFiles: ['__test__/environment.ts'],
  },
});
