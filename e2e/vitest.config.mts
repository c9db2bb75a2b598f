import { defineConfig } from 'vitest/config';
import { lateParts } from '../scripts/late-parts.mjs';

export default defineConfig({
  plugins: [lateParts],
  test: {
    include: ['e2e/**/*.test.ts'],
    // One cluster, one webhook at a time.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ['e2e/build.ts'],
  },
});
