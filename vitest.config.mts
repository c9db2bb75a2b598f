import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['__test__/ts/**/*.test.ts'],
    globalSetup: ['__test__/ts/setup/build.ts'],
  },
});
